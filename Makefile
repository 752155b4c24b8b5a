# hal-controller: `make help` lists what can be made.

include images/versions/debian.mk

# Go's own installer does not put it on the PATH.
export PATH := $(PATH):/usr/local/go/bin

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
REVISION := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
export DEBIAN_SUITE DEBIAN_SERIAL DEBIAN_IMAGE VERSION REVISION

# Built without C, the binary is static: it is also the pause image. Go's own
# stamping is off because it refuses a checkout that another user owns.
GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false
GO_DIRS  := cmd images pkg test
E2E      := ./pkg/runtime/docker/... ./pkg/claim/bind ./pkg/claim/rescue ./pkg/claim/workspace ./test/...

# Which engine is started and ended, and tested on: one with a script test/engines/NAME.sh.
ENGINE        ?= docker-io
ENGINE_SCRIPT := test/engines/$(ENGINE).sh

# What specs wait for comes long before that, on a machine with other work too.
export GOMEGA_DEFAULT_EVENTUALLY_TIMEOUT ?= 20s

# How many random worlds the simulation settles in `make test`, and how many of
# them under the race detector, which makes each some ten times slower.
SIMULATION_WORLDS ?= 20000
# And how many steps of claims it takes there; ten times as many in `make test-long`.
SIMULATION_STEPS  ?= 100000
RACED_WORLDS      ?= 300

# What the bench compares with; its version is in the go.mod beside it.
COMPOSE         := bin/docker-compose
COMPOSE_PACKAGE := github.com/docker/compose/v2
COMPOSE_MODULE  := test/bench/compose

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT         := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOVULNCHECK_VERSION   := v1.9.0
GOVULNCHECK           := bin/govulncheck-$(GOVULNCHECK_VERSION)

IMAGES_FILE = $(or $(FILE),bin/hal-images.tar)

.DEFAULT_GOAL := help

define NEXT_STEPS
==> starting the controller. Try, in another terminal:
      bin/hal-controller get workers -w        watch the workers
      docker kill hal-dev-0                    another takes its place
      docker exec -it hal-dev-1 claude         Claude Code, with ChromaDB and memory as MCP servers
      edit manifests/pool.yaml and save        say, warm: 5
    Ctrl-C stops the controller and leaves the containers; the next start adopts them.
    To remove them: bin/hal-controller delete pool dev. To end an engine started here: make engine-stop.
endef
export NEXT_STEPS

##@ Use

.PHONY: run
run: images-core ## Start the controller on manifests/pool.yaml, with an engine and images where they are missing
	@printf '%s\n' "$$NEXT_STEPS"
	@exec bin/hal-controller run -f manifests/pool.yaml

.PHONY: build
build: go ## Build bin/hal-controller, static, and its short name bin/hal
	@echo "==> building bin/hal-controller $(VERSION)"
	@$(GO_BUILD) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/hal-controller ./cmd/hal-controller
	@ln -sfn hal-controller bin/hal

.PHONY: images
images: images-core ## Make all images, those of the profiles too, and print their sizes
	@bin/hal-controller images build
	@images/sbom.sh bin/sbom
	@bin/hal-controller images ls

.PHONY: images-save
images-save: images ## Write all images to bin/hal-images.tar, or FILE=..., for a machine without network
	@echo "==> saving the images to $(IMAGES_FILE)"
	@docker save --output $(IMAGES_FILE) $$(docker image ls --filter reference='hal/*:latest' --format '{{.Repository}}')

.PHONY: images-load
images-load: engine ## Load the images that bin/hal-images.tar, or FILE=..., has
	@docker load --input $(IMAGES_FILE)

.PHONY: engine
engine: ## Make sure that a Docker engine answers, installing and starting one if none does
	@$(ENGINE_SCRIPT) start

.PHONY: engine-stop
engine-stop: ## End the engine that `make engine` started, and no other
	@$(ENGINE_SCRIPT) stop

##@ Develop

.PHONY: test
test: check ## Run every test: unit, simulation, and end-to-end on a real engine
	HAL_SIMULATION_WORLDS=$(RACED_WORLDS) go test -race ./...
	HAL_SIMULATION_WORLDS=$(SIMULATION_WORLDS) go test -count=1 -run TestSimulation -v ./pkg/reconcile
	HAL_SIMULATION_STEPS=$(SIMULATION_STEPS) go test -count=1 -run TestSimulation -v ./pkg/claim
	$(ENGINE_SCRIPT) run $(MAKE) --no-print-directory test-e2e

.PHONY: test-long
test-long: go cc ## Run the simulations for long: a million steps of claims, ten times the worlds
	HAL_SIMULATION_WORLDS=$(SIMULATION_WORLDS)0 go test -count=1 -timeout 1h -run TestSimulation -v ./pkg/reconcile
	HAL_SIMULATION_STEPS=$(SIMULATION_STEPS)0 go test -count=1 -timeout 1h -run TestSimulation -v ./pkg/claim

.PHONY: test-unit
test-unit: go cc ## Run the tests that need no engine, with a short simulation
	HAL_SIMULATION_WORLDS=$(RACED_WORLDS) go test -race ./...

.PHONY: test-e2e
test-e2e: cc images image-counter ## Run the tests that need an engine
	go test -tags e2e -race -count=1 -p 1 -timeout 30m $(E2E)

.PHONY: test-faults
test-faults: cc images image-counter ## Try every fault on every call to an engine that runs: over an hour
	HAL_FAULTS=full go test -tags e2e -race -count=1 -timeout 3h -v ./test/faults -ginkgo.timeout 3h

.PHONY: test-engines
test-engines: cc images-core ## Run the contract suite on each engine that can be started beside the main one
	@test/engines/contract.sh

.PHONY: bench
bench: images-core $(COMPOSE) ## Print the measured figures beside the bare engine's, with ratios
	go test -run '^$$' -bench . -benchmem ./pkg/...
	go test -tags bench -count=1 -timeout 30m -v ./test/bench/...

.PHONY: bench-full
bench-full: images-core $(COMPOSE) ## Print all figures, those beside the peers, of 500 workers and of an hour under load too: three hours
	go test -run '^$$' -bench . -benchmem ./pkg/...
	HAL_BENCH=full go test -tags bench -count=1 -timeout 4h -v ./test/bench/...

.PHONY: check
check: go cc ## Check the formatting, and vet
	@unformatted=$$(gofmt -l $(GO_DIRS)); \
	if [ -n "$$unformatted" ]; then echo "Not formatted (run 'make fmt'):" $$unformatted >&2; exit 1; fi
	go vet ./...
	go vet -tags e2e $(E2E)

.PHONY: lint
lint: $(GOLANGCI_LINT) $(GOVULNCHECK) ## Run golangci-lint and govulncheck, which take minutes to build the first time
	$(GOLANGCI_LINT) run ./...
	@test/lint/vulnerabilities.sh $(GOVULNCHECK) -tags e2e ./...

.PHONY: fmt
fmt: go ## Format the Go code
	gofmt -w $(GO_DIRS)

.PHONY: generate
generate: go ## Generate what is generated from the code: schema and reference pages
	go generate ./...

.PHONY: clean
clean: ## Remove what was built; images, containers and the engine stay
	rm -rf bin

.PHONY: help
help: ## List what can be made
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

# What the rules above need.

.PHONY: images-core
images-core: engine build bin/hal-mcp
	@images/build.sh

.PHONY: go
go:
	@command -v go >/dev/null || { echo "Go is missing: install the version that go.mod names to /usr/local/go, and try again." >&2; exit 1; }

# The race detector is linked by a C compiler.
.PHONY: cc
cc:
	@command -v $${CC:-cc} >/dev/null || test/engines/apt-install.sh gcc libc6-dev

.PHONY: bin/hal-mcp
bin/hal-mcp: go
	@$(GO_BUILD) -ldflags '-s -w' -o $@ ./images/mcp/connector

.PHONY: image-counter
image-counter: images-core
	@$(GO_BUILD) -ldflags '-s -w' -o bin/hal-counter ./test/counter
	@tar --create --mode='u=rwX,go=rX' --directory=bin hal-counter --directory=../test/counter Dockerfile | DOCKER_BUILDKIT=0 docker build --quiet --tag hal/counter - >/dev/null

$(COMPOSE): $(COMPOSE_MODULE)/go.mod $(COMPOSE_MODULE)/go.sum | go
	@echo "==> building docker compose, which takes minutes the first time"
	@cd $(COMPOSE_MODULE) && $(GO_BUILD) -ldflags "-s -w -X $(COMPOSE_PACKAGE)/internal.Version=$$(go list -m -f '{{.Version}}' $(COMPOSE_PACKAGE))" -o $(CURDIR)/$@ $(COMPOSE_PACKAGE)/cmd
	@touch $@

$(GOLANGCI_LINT): | go
	@echo "==> building golangci-lint $(GOLANGCI_LINT_VERSION)"
	@GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv bin/golangci-lint $@

$(GOVULNCHECK): | go
	@echo "==> building govulncheck $(GOVULNCHECK_VERSION)"
	@GOBIN=$(CURDIR)/bin go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv bin/govulncheck $@
