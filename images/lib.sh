# What build.sh makes each image with: which one is made is $image, with the hash
# of its inputs in $hash, and what its Dockerfile may copy is in $context.
# shellcheck shell=bash

die() {
	echo "$*" >&2
	exit 1
}

step() {
	echo "==> $image: $*"
}

# give_up [ADVICE]: ends with the last lines of what failed.
give_up() {
	tail -n 20 "$log" >&2
	die "The step of $image ended as above: ${1:-mend that, then try again.}"
}

# hash_of PATH...: the hash of files, by their paths below each and their modes,
# but for what no image gets: texts for people, and tests.
hash_of() {
	local path
	for path; do
		if [[ -d $path ]]; then
			(cd "$path" && find . -type f ! -name '*.md' ! -name '*.test.mjs' -printf '%P %m\n' -exec sha256sum {} + | sort)
		else
			sha256sum <"$path"
		fi
	done | sha256sum | cut -c1-16
}

# wanted IMAGE INPUT...: whether the image has to be made: it is missing, or made
# from other inputs. Those of the image it is built on are among them, so that a
# change reaches all that descend from it, also where that one is not kept.
wanted() {
	image=$1
	shift
	hash=$(printf '%s\n' "$@" | sha256sum | cut -c1-16)
	inputs[$image]=$hash
	rm -rf "$context"
	mkdir "$context"
	[[ $(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$image" 2>/dev/null) != "$hash" ]]
}

# labels BASE prints a line for each label of the image.
labels() {
	echo "$label=$hash"
	echo "org.opencontainers.image.title=$image"
	echo "org.opencontainers.image.version=$version"
	echo "org.opencontainers.image.revision=$revision"
	[[ ! $1 ]] || echo "org.opencontainers.image.base.name=$1"
	[[ ! $1 ]] || echo "org.opencontainers.image.base.digest=$(docker image inspect --format '{{.Id}}' "$1")"
}

# base_image: what the Dockerfile of the context starts from.
base_image() {
	local from
	from=$(awk '$1 == "FROM" { print $2; exit }' "$context/Dockerfile")
	[[ $from == '${DEBIAN_IMAGE}' ]] && from=$debian
	echo "$from"
}

# build OPTION... makes the image from the context, by way of a file because
# docker would take half of the output of a tar that failed for the whole. The
# files are root's and all may read them, whatever this user's umask. The classic
# builder is the one that every supported engine has.
build() {
	local options=()
	while read -r line; do options+=(--label "$line"); done < <(labels "$(base_image)")
	tar --create --file="$work/context.tar" --owner=0 --group=0 --mode='u=rwX,go=rX' --directory="$context" . &&
		DOCKER_BUILDKIT=0 docker build --quiet --force-rm --tag "$image" "${options[@]}" "$@" - \
			<"$work/context.tar" >"$log" 2>&1
}

build_or_give_up() {
	build "$@" || give_up
}

# import FILE [BASE] makes the image of a root file system, a part of that of BASE.
import() {
	local options=()
	while read -r line; do options+=(--change "LABEL $line"); done < <(labels "${2-}")
	docker import "${options[@]}" --change 'ENV LANG=C.UTF-8' --change 'CMD ["bash"]' "$1" "$image" >/dev/null
}

# npm_install MEMBER DIRECTORY OPTION...: makes DIRECTORY/node_modules of what
# versions/MEMBER/package.json names, as package-lock.json pins it. No package's
# own scripts run.
npm_install() {
	local member=$1 directory=$2 tree=$work/npm
	shift 2
	command -v npm >/dev/null || "$here/../test/engines/apt-install.sh" npm
	rm -rf "$tree"
	cp -R "$here/versions" "$tree"
	(cd "$tree" && npm ci --ignore-scripts --workspace="$member" "$@") >"$log" 2>&1 || npm_gave_up "$(not_found)"
	has_native "$tree" "$member" "$@"
	rm -rf "$tree/node_modules/.package-lock.json" "$tree/node_modules/@hal"
	mv "$tree/node_modules" "$directory"
	rm -rf "$tree"
}

# has_native TREE MEMBER OPTION...: what a member has for each kind of processor is
# optional, so that npm says nothing when it cannot get it.
has_native() {
	local tree=$1 member=$2 processor package
	[[ " $* " != *" --omit=optional "* ]] || return 0
	processor=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
	package=$(sed -nE "s/.*\"([^\"]*linux-$processor[^\"]*)\": \"(.*)\".*/\1@\2/p" "$tree/$member/package.json")
	[[ $package ]] || die "$image: images/versions/$member/package.json names no package for linux-$processor."
	[[ ! -d $tree/node_modules/${package%@*} ]] || return 0
	npm view "$package" version >"$log" 2>&1 || true
	npm_gave_up "$(not_found "$package")"
}

# not_found [PACKAGE] prints what the registry does not have, by its answer in the
# log: a package with its version, or PACKAGE where the answer does not name it.
not_found() {
	[[ -s $log ]] && ! grep -qE 'E404|ETARGET' "$log" && return
	grep -E ' (404|notarget) ' "$log" | grep -oE -m1 "[@a-z][^ ']*@[0-9][^ ']*[0-9a-z]" || echo "${1-}"
}

# npm_gave_up [PACKAGE]: the registry does not have it, or did not answer.
npm_gave_up() {
	local registry
	registry=$(npm config get registry)
	[[ ! $1 ]] ||
		give_up "npm's registry $registry does not have $1, which images/versions pins: 'npm view ${1%@*} versions' lists what it has; images/versions/README.md tells how to pin another."
	give_up "npm's registry $registry has to be reached: set another with NPM_CONFIG_REGISTRY, a proxy with HTTPS_PROXY, or load images that were made elsewhere with 'make images-load'."
}
