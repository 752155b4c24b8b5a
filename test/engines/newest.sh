#!/usr/bin/env bash
# The newest Docker engine, built from source, beside the main one, for the contract
# suite and for `make test ENGINE=newest`: newest.sh start | stop | run CMD... (see
# beside.sh). newest/go.mod says of what it is built. Unlike the others it has a way
# out, and commands are run in its network, so that it can make images of its own,
# and what a spec reaches on this machine's engine, it reaches on this one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engine=newest
bin=$(cd "$here/../.." && pwd)/bin/newest

# An engine that a spec starts for itself is this one, too.
export PATH="$bin:$PATH:/usr/local/go/bin"

# docker.io has the docker command (in Debian 13 docker-cli has it) and docker-init.
install() {
	local missing=()
	command -v docker-init >/dev/null || missing+=(docker.io)
	command -v iptables >/dev/null || missing+=(iptables)
	command -v slirp4netns >/dev/null || missing+=(slirp4netns)
	command -v "${CC:-cc}" >/dev/null || missing+=(gcc libc6-dev)
	command -v pkg-config >/dev/null || missing+=(pkg-config)
	pkg-config --exists libseccomp 2>/dev/null || missing+=(libseccomp-dev)
	((${#missing[@]} == 0)) || "$here/apt-install.sh" "${missing[@]}"
	command -v docker >/dev/null || "$here/apt-install.sh" docker-cli
	build
}

# compile CGO ARGUMENT... makes commands of the module in newest; what is up to date
# is not made again.
compile() {
	local cgo=$1
	shift
	(cd "$here/newest" && CGO_ENABLED=$cgo go build -trimpath -buildvcs=false -o "$bin/" "$@") ||
		die "$engine cannot be built: mend what it says above, then try again."
}

# Of these only runc needs C: it enters namespaces before Go's runtime starts, and
# has its seccomp filters from a library.
build() {
	local moby=github.com/moby/moby/v2 containerd=github.com/containerd/containerd/v2 version
	command -v go >/dev/null ||
		die "Go is missing, which $engine is built by: install the version that go.mod names to /usr/local/go, and try again."
	echo "==> building $engine in $bin (minutes the first time)"
	version=$(cd "$here/newest" && go list -m -f '{{.Version}}' "$moby")
	mkdir -p "$bin"
	compile 1 -tags seccomp github.com/opencontainers/runc
	compile 0 "$containerd/cmd/containerd" "$containerd/cmd/containerd-shim-runc-v2" "$moby/cmd/docker-proxy"
	compile 0 -ldflags "-X $moby/dockerversion.Version=${version#v}" "$moby/cmd/dockerd"
}

# A host's own docker-proxy would be found before this one.
serve() {
	exec dockerd --host="unix://$socket" --data-root="$dir/data" --exec-root="$dir/exec" --pidfile="$dir/dockerd.pid" \
		--userland-proxy-path="$bin/docker-proxy"
}

connect() {
	exec slirp4netns --configure --mtu=65520 --netns-type=path "$netns" tap0
}

inside() {
	nsenter --net="$netns" "$@"
}

# shellcheck source=beside.sh
source "$here/beside.sh"
