#!/usr/bin/env bash
# debootstrap.sh SUITE FILE: writes the root file system of hal/debian to FILE, a
# tar archive made from this machine's own Debian mirrors. Needs root; what it
# makes on the way is removed again.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=$1
file=$2
export PATH="$PATH:/usr/sbin:/sbin"

die() {
	echo "$*" >&2
	exit 1
}

# mirror_of LABEL prints the address of apt's first source with this label, which
# is known once apt has read the source's Release file.
mirror_of() {
	# shellcheck disable=SC2016 # apt-get expands $(REPO_URI), not the shell
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" |
		awk '/^http/ && !n++ { print } END { exit !n }'
}

find_mirrors() {
	mirror=$(mirror_of Debian) || { apt-get -qq update && mirror=$(mirror_of Debian); } ||
		die "apt has no Debian mirror among its sources: add one to /etc/apt/sources.list.d, run 'apt-get update' and try again."
	security=$(mirror_of Debian-Security) || security=
	eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
	export http_proxy=${http_proxy:-}
}

in_root() {
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive \
		http_proxy="$http_proxy" "$@"
}

make_root() {
	debootstrap --variant=minbase --include="$(paste -sd, "$here/packages")" "$suite" "$root" "$mirror"
	{
		echo "deb $mirror $suite main"
		echo "deb $mirror $suite-updates main"
		[[ -z $security ]] || echo "deb $security $suite-security main"
	} >"$root/etc/apt/sources.list"
	cp -R --no-preserve=ownership "$here/root/." "$root"
	in_root apt-get -qq update
	in_root apt-get -qq --yes upgrade
	in_root sh -s <"$here/setup.sh"
	# Copies of this machine's own, which the engine replaces in each container.
	rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
}

clean_up() {
	local status=$?
	umount "$root/proc" "$root/sys" 2>/dev/null || true
	# The redirection of what failed still holds here.
	((status == 0)) || {
		tail -n 15 "$work/log"
		echo "debootstrap of $suite from $mirror ended as above: mend that, then try again."
	} >&3
	rm -rf --one-file-system "$work"
}

[[ $(id -u) == 0 ]] ||
	die "Only root can make hal/debian with debootstrap: run this as root, or where debian:$suite-slim can be pulled."
command -v debootstrap >/dev/null ||
	"$here/../../test/engines/apt-install.sh" debootstrap debian-archive-keyring
find_mirrors

exec 3>&2
work=$(mktemp --directory --tmpdir=/var/tmp hal-debian.XXXXXX)
root=$work/root
trap clean_up EXIT
# The directory's mode becomes that of the image's root: open to all, unlike the
# one that mktemp makes.
umask 022
mkdir "$root"
make_root >"$work/log" 2>&1
tar --create --numeric-owner --one-file-system --file="$file" --directory="$root" . 2>>"$work/log"
