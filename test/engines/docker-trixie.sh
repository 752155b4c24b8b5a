#!/usr/bin/env bash
# The Docker engine of Debian 13, unpacked and not installed, beside the main one,
# for the contract suite: docker-trixie.sh start | stop | run CMD... (see beside.sh).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engine=docker-trixie
suite=trixie

# mirror prints the address of apt's first source of Debian itself.
mirror() {
	# shellcheck disable=SC2016 # apt-get expands it, not the shell
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

# apt gets packages of the suite with lists of its own: this machine's stay as they are.
apt() {
	apt-get -qq -o Dir::Etc::SourceList="$dir/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State="$dir/apt" -o Dir::State::Status=/dev/null -o Dir::Cache="$dir/apt/cache" \
		-o APT::Sandbox::User=root "$@" >&2
}

# runc stays this machine's: the suite's needs a newer C library. The others are
# Go's, and need but little of it.
install() {
	local site package
	"$here/docker-io.sh" start >/dev/null # has runc, iptables and the docker command
	site=$(mirror)
	[[ $site ]] || die "apt knows no Debian mirror: add one to /etc/apt/sources.list.d, run 'apt-get update' and try again."
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/root"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$dir/apt/sources.list"
	apt update || die "The lists of Debian's $suite cannot be got from $site: see above, then try again."
	(cd "$dir/apt" && apt download docker.io containerd) ||
		die "docker.io and containerd of Debian's $suite cannot be got from $site: see above, then try again."
	for package in "$dir"/apt/*.deb; do dpkg --extract "$package" "$dir/root"; done
}

serve() {
	export PATH="$dir/root/usr/bin:$dir/root/usr/sbin:$PATH"
	exec dockerd --host="unix://$socket" --data-root="$dir/data" --exec-root="$dir/exec" --pidfile="$dir/dockerd.pid"
}

# shellcheck source=beside.sh
source "$here/beside.sh"
