#!/usr/bin/env bash
# Debian's Docker engine run by a user who is not root, beside the main one, for
# the contract suite: docker-rootless.sh start | stop | run CMD... (see beside.sh).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engine=docker-rootless
user=hal-rootless

install() {
	local missing=()
	command -v rootlesskit >/dev/null || missing+=(rootlesskit)
	command -v newuidmap >/dev/null || missing+=(uidmap)
	command -v slirp4netns >/dev/null || missing+=(slirp4netns)
	((${#missing[@]} == 0)) || "$here/apt-install.sh" "${missing[@]}"
	"$here/docker-io.sh" start >/dev/null # has dockerd and the docker command
	id "$user" >/dev/null 2>&1 || useradd --no-create-home --home-dir "$dir" --shell /usr/sbin/nologin "$user"
	mkdir -p "$dir/run"
	chown "$user:" "$dir" "$dir/run"
	chmod 0700 "$dir/run"
}

# The user may not open /dev/net/tun on every machine: a node of it that everyone
# may open is put in its place, in a mount namespace that only the engine sees.
serve() {
	rm -f "$dir/tun"
	mknod -m 0666 "$dir/tun" c 10 200
	export dir HOME=$dir XDG_RUNTIME_DIR=$dir/run
	# shellcheck disable=SC2016 # the inner shell expands it
	exec unshare --mount --propagation slave sh -c 'mount --bind "$dir/tun" /dev/net/tun && exec "$@"' sh \
		setpriv --reuid "$user" --regid "$user" --init-groups \
		/usr/share/docker.io/contrib/dockerd-rootless.sh --host="unix://$socket" --data-root="$dir/data"
}

# shellcheck source=beside.sh
source "$here/beside.sh"
