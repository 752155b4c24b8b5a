#!/usr/bin/env bash
# build.sh: makes hal/base, hal/parent and hal/worker on the engine that the
# docker command uses, each only where it is missing or its inputs have changed.
# `make images` calls it: versions.mk comes in by the environment, and hal-parent
# is built by then. Only hal/base may need the network.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$here/../bin
suite=${DEBIAN_SUITE:?is not set: run 'make images' instead of this script}
debian=${DEBIAN_IMAGE-}
label=hal.image.inputs

work=$(mktemp --directory --tmpdir=/var/tmp hal-images.XXXXXX)
trap 'rm -rf "$work"' EXIT
log=$work/log

die() {
	echo "$*" >&2
	exit 1
}

hash_of() {
	sha256sum | cut -c1-16
}

# current IMAGE HASH: whether the image exists and was made from these inputs.
current() {
	[[ $(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null) == "$2" ]]
}

# build IMAGE HASH OPTION... builds from the last context, a file because docker
# would take half of the output of a tar that failed for the whole. The classic
# builder is the one that every supported engine has.
build() {
	local image=$1 hash=$2
	shift 2
	DOCKER_BUILDKIT=0 docker build --quiet --force-rm --tag "$image" --label "$label=$hash" "$@" - \
		<"$work/context.tar" >"$log" 2>&1
}

# context TAR-ARGUMENT...: files that all may read, whatever this user's umask.
context() {
	tar --create --file="$work/context.tar" --owner=0 --group=0 --mode='u=rwX,go=rX' "$@"
}

pulled() {
	[[ $debian ]] || return 1
	docker image inspect "$debian" >/dev/null 2>&1 && return
	echo "==> hal/base: pulling $debian"
	timeout "${HAL_PULL_TIMEOUT:-60}" docker pull --quiet "$debian" >/dev/null 2>&1
}

base_from_registry() {
	pulled || return 1
	echo "==> hal/base: building from $debian"
	context --directory="$here/base" . &&
		build hal/base "$1" --build-arg DEBIAN_IMAGE="$debian"
}

# By way of a file: an import of the output of something that failed would
# succeed, with an empty image.
base_from_packages() {
	echo "==> hal/base: building from Debian $suite's packages (about 30 s)"
	"$here/base/debootstrap.sh" "$suite" "$work/root.tar"
	docker import --change "LABEL $label=$1" --change 'ENV LANG=C.UTF-8' --change 'CMD ["bash"]' \
		"$work/root.tar" hal/base >/dev/null
}

make_base() {
	local hash
	hash=$({ echo "$suite $debian"; cat "$here"/base/*; } | hash_of)
	current hal/base "$hash" && return
	base_from_registry "$hash" || base_from_packages "$hash"
}

# make_on_base NAME FILE...: an image of the Dockerfile in this directory and
# further files of bin/.
make_on_base() {
	local name=$1 image=hal/$1 hash
	shift
	hash=$({ docker image inspect --format '{{.Id}}' hal/base; cd "$bin"; cat "$here/$name/Dockerfile" "$@"; } | hash_of)
	current "$image" "$hash" && return
	echo "==> $image: building"
	context --directory="$bin" "$@" --directory="$here/$name" Dockerfile
	build "$image" "$hash" || {
		tail -n 15 "$log" >&2
		die "The build of $image ended as above: mend that, then try again."
	}
}

make_base
make_on_base parent hal-parent
make_on_base worker
docker image ls --filter reference='hal/*:latest' --format 'table {{.Repository}}\t{{.ID}}\t{{.Size}}'
