#!/usr/bin/env bash
# apt-install.sh PACKAGE...: installs Debian packages, and nothing they merely
# recommend. Prints one line; apt's own words are shown only when it gives up.
set -euo pipefail

die() {
	echo "$*" >&2
	exit 1
}

command -v apt-get >/dev/null ||
	die "This needs $*, and this machine has no apt-get: install the like by your system's own means, then try again."
[[ $(id -u) == 0 ]] ||
	die "This needs $*, which only root can install: run this as root, or have 'apt-get install $*' run for you."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq \
		-o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=30 "$@" >>"$log" 2>&1 </dev/null
}

install() {
	apt install --yes --no-install-recommends "$@"
}

# The lists may be missing or out of date, which only an attempt tells. An
# update that reaches some sources and not others is still worth an attempt.
echo "==> installing $*"
install "$@" && exit
apt update || true
install "$@" && exit
tail -n 15 "$log" >&2
die "apt-get could not install $*: mend what it says above, then try again."
