#!/usr/bin/env bash
# Debian's Podman with its Docker-compatible socket, beside the main engine, for
# the contract suite: podman.sh start | stop | run CMD... (see beside.sh).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engine=podman

install() {
	local missing=()
	command -v podman >/dev/null || missing+=(podman)
	[[ -x /usr/lib/podman/netavark ]] || missing+=(netavark)
	[[ -x /usr/lib/podman/aardvark-dns ]] || missing+=(aardvark-dns)
	command -v catatonit >/dev/null || missing+=(catatonit)
	command -v runc >/dev/null || missing+=(runc)
	((${#missing[@]} == 0)) || "$here/apt-install.sh" "${missing[@]}"
}

least() {
	printf '%s\n' "$@" | grep -v unlimited | sort -n | head -n 1
}

# crun refuses cgroups where v1 and v2 are mixed, as here. Podman asks for more
# files and processes than a root without CAP_SYS_RESOURCE may give (4.3).
settings() {
	local files processes
	files=$(ulimit -Hn)
	processes=$(least "$(ulimit -Hu)" "$(cat /proc/sys/kernel/pid_max)" 32768)
	cat >"$dir/containers.conf" <<-END
		[engine]
		runtime = "runc"
		init_path = "$(command -v catatonit)"
		events_logger = "file"
		cgroup_manager = "cgroupfs"
		tmp_dir = "$dir/tmp"
		static_dir = "$dir/root/libpod"
		volume_path = "$dir/root/volumes"
		[network]
		network_backend = "netavark"
		network_config_dir = "$dir/networks"
		[containers]
		default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
	END
	cat >"$dir/storage.conf" <<-END
		[storage]
		driver = "overlay"
		graphroot = "$dir/root"
		runroot = "$dir/run"
	END
}

serve() {
	settings
	export CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf
	exec podman system service --time=0 "unix://$socket"
}

# shellcheck source=beside.sh
source "$here/beside.sh"
