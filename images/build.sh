#!/usr/bin/env bash
# build.sh makes the images on the engine that the docker command uses, each only
# where it is missing or what it is made from has changed. `make images` calls it:
# versions/debian.mk comes in by the environment, and hal-mcp is built by then.
#
#   hal/debian  Debian with all packages of the workers; from a registry or mirrors
#   ├ hal/base  a part of it                            └ the rest of it ┐
#   ├ hal/node  + Node.js       ├ hal/worker-ultramin + Claude Code      │
#   ├ hal/parent + ChromaDB     └ hal/worker-minimal, hal/worker ◄───────┘
#   └ hal/mcp    + MCP servers
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$here/../bin
suite=${DEBIAN_SUITE:?is not set: run 'make images' instead of this script}
serial=${DEBIAN_SERIAL:-}
debian=${DEBIAN_IMAGE-}
version=${VERSION:-devel}
revision=${REVISION:-unknown}
label=hal.image.inputs

work=$(mktemp --directory --tmpdir=/var/tmp hal-images.XXXXXX)
trap 'rm -rf "$work"' EXIT
log=$work/log
context=$work/context

# shellcheck source=images/lib.sh
source "$here/lib.sh"

# hal/debian

pulled() {
	[[ $debian ]] || return 1
	docker image inspect "$debian" >/dev/null 2>&1 && return
	step "pulling $debian"
	timeout "${HAL_PULL_TIMEOUT:-60}" docker pull --quiet "$debian" >/dev/null 2>&1
}

debian_from_registry() {
	pulled || return 1
	step "building from $debian"
	cp -R "$here/debian/." "$context" && build --build-arg DEBIAN_IMAGE="$debian"
}

# By way of a file: an import of the output of something that failed would
# succeed, with an empty image.
debian_from_packages() {
	step "building from Debian $suite's packages (about 40 s)"
	"$here/debian/debootstrap.sh" "$suite" "$work/root.tar" || die \
		"$image can be made neither from ${debian:-an image (DEBIAN_IMAGE is empty)}, which could not be pulled, nor from Debian's mirrors: set a registry or proxy for the engine, a mirror in /etc/apt/sources.list.d, http_proxy, or load images that were made elsewhere with 'make images-load'."
	import "$work/root.tar"
	rm "$work/root.tar"
}

make_debian() {
	wanted hal/debian "$suite" "$serial" "$debian" "$(hash_of "$here/debian")" || return 0
	debian_from_registry || debian_from_packages
}

# The parts of it, and what comes on top of them.

# extract VERB [PACKAGE...] >FILE: runs extract.sh in a container of hal/debian.
extract() {
	docker run --rm --interactive --user root --env BASE="$(<"$here/base/packages")" \
		hal/debian sh -s "$@" <"$here/extract.sh" 2>"$log"
}

make_base() {
	wanted hal/base "${inputs[hal/debian]}" "$(hash_of "$here/base" "$here/extract.sh")" || return 0
	step "taking hal/base's packages from hal/debian"
	extract base >"$work/base.tar" || give_up
	import "$work/base.tar" hal/debian
}

make_node() {
	wanted hal/node "${inputs[hal/base]}" "$(hash_of "$here/node" "$here/extract.sh")" || return 0
	step "installing Debian's Node.js"
	extract more nodejs >"$context/node.tar" || give_up "Debian's mirrors have to be reached from a container: see 'docker run --rm hal/debian apt-get update'."
	cp "$here/node/Dockerfile" "$context"
	build_or_give_up
}

make_parent() {
	wanted hal/parent "${inputs[hal/node]}" "$(hash_of "$here/parent" "$here/versions")" || return 0
	step "fetching ChromaDB from npm"
	npm_install chromadb "$context"
	cp -R "$here/parent/." "$context"
	step "building"
	build_or_give_up
}

make_mcp() {
	wanted hal/mcp "${inputs[hal/node]}" "$(hash_of "$here/mcp" "$here/versions")" || return 0
	step "fetching the MCP servers from npm"
	npm_install mcp "$context" --omit=optional
	cp "$here"/mcp/Dockerfile "$here"/mcp/*.mjs "$context"
	step "building"
	build_or_give_up
}

make_ultramin() {
	wanted hal/worker-ultramin "${inputs[hal/base]}" \
		"$(hash_of "$here/worker-ultramin" "$here/versions" "$bin/hal-mcp")" || return 0
	step "fetching Claude Code from npm"
	npm_install claude-code "$work"
	mv "$work"/node_modules/@anthropic-ai/claude-code-* "$context/claude-code"
	cp -R "$bin/hal-mcp" "$here/worker-ultramin/." "$context"
	step "building"
	build_or_give_up
}

make_minimal() {
	if wanted hal/worker-minimal "${inputs[hal/worker-ultramin]}" \
		"$(hash_of "$here/worker-minimal" "$here/extract.sh")"; then
		step "adding the rest of hal/debian"
		extract rest >"$context/rest.tar" || give_up
		cp "$here/worker-minimal/Dockerfile" "$context"
		build_or_give_up
	fi
	docker tag hal/worker-minimal hal/worker
}

declare -A inputs
make_debian
make_base
make_node
make_parent
make_mcp
make_ultramin
make_minimal
