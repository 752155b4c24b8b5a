#!/usr/bin/env bash
# A Docker engine for a machine where none answers: Debian's docker.io, started
# by hand, because on such machines a policy denies the start of services.
#
#   docker-io.sh start        make sure that an engine answers, starting ours if none does
#   docker-io.sh stop         end our engine, and no other
#   docker-io.sh run CMD...   run CMD with an engine; end it afterwards if this run started it
#
# Each may be repeated and run at the same time as another. Our engine keeps its
# images and containers in $HAL_ENGINE_DATA when it ends.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
data=${HAL_ENGINE_DATA:-/var/lib/hal-controller-engine}
state=${HAL_ENGINE_STATE:-/run/hal-controller-engine}
socket=${HAL_ENGINE_SOCKET:-/var/run/docker.sock}
pidfile=$state/dockerd.pid
containerd=$state/exec/containerd
log=$state/dockerd.log
started=

export PATH="$PATH:/usr/sbin:/sbin"

die() {
	echo "$*" >&2
	exit 1
}

answers() {
	timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# The endpoint that the docker command would use: DOCKER_HOST, else its context's.
endpoint() {
	docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null ||
		echo "${DOCKER_HOST:-unix://$socket}"
}

report() {
	echo "==> Docker $(docker version --format '{{.Server.Version}}') answers at $(endpoint)"
}

# pid_of FILE ARGUMENT prints the process id in FILE, or fails if no such process
# runs. A pid file can outlive its process and the number be given to another, so
# the command line has to have ARGUMENT too; that of a zombie is empty.
pid_of() {
	local pid
	pid=$(cat "$1" 2>/dev/null) || return 1
	[[ $pid =~ ^[1-9][0-9]*$ && -r /proc/$pid/cmdline ]] || return 1
	tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "$2" || return 1
	echo "$pid"
}

dockerd_pid() {
	pid_of "$pidfile" "--pidfile=$pidfile"
}

dockerd_gone() {
	! dockerd_pid >/dev/null
}

containerd_pid() {
	pid_of "$containerd/containerd.pid" "$containerd/containerd.toml"
}

containerd_gone() {
	! containerd_pid >/dev/null
}

# Containers outlive a dockerd that was killed; each has a shim that names our
# containerd. The pattern comes by standard input, so that grep does not find itself.
containers_gone() {
	! grep -qszxF -f /dev/stdin /proc/[0-9]*/cmdline <<<"$containerd/containerd.sock"
}

# wait_until SECONDS CMD...: fails when CMD has not succeeded in time.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.2
	done
}

lock() {
	mkdir -p "$state"
	exec 9>"$state/lock"
	flock --wait 300 9 ||
		die "Another engine start or stop has held $state/lock for 5 minutes: see who with 'fuser $state/lock', end it and try again."
}

unlock() {
	exec 9>&-
}

check_endpoint() {
	[[ $(endpoint) == "unix://$socket" ]] ||
		die "No Docker engine answers at $(endpoint), which DOCKER_HOST or your docker context names: start that one, or unset DOCKER_HOST and run 'docker context use default'."
	[[ $(id -u) == 0 ]] ||
		die "No Docker engine answers $(id -un) at $socket, and only root can start one: run this as root or, if Docker does run, join its group with 'sudo usermod -aG docker $(id -un)'."
}

check_kernel() {
	grep -q '^[^ ]* /sys/fs/cgroup' /proc/mounts ||
		die "No cgroups are mounted at /sys/fs/cgroup, which Docker needs: run 'apt-get install cgroupfs-mount && cgroupfs-mount', then try again."
	iptables --wait --table nat --numeric --list >/dev/null 2>&1 ||
		die "'iptables -t nat -L' does not work here, which Docker needs for its networks: run 'update-alternatives --set iptables /usr/sbin/iptables-legacy' or load the kernel's NAT modules, then try again."
}

install_docker() {
	local missing=()
	command -v dockerd >/dev/null || missing+=(docker.io)
	command -v iptables >/dev/null || missing+=(iptables)
	# Where AppArmor is on, containers start only once their profile is loaded.
	if grep -qs Y /sys/module/apparmor/parameters/enabled && ! command -v apparmor_parser >/dev/null; then
		missing+=(apparmor)
	fi
	((${#missing[@]} == 0)) || "$here/apt-install.sh" "${missing[@]}" 9>&-
	# Debian 13 has the client in a package of its own.
	command -v docker >/dev/null || "$here/apt-install.sh" docker-cli 9>&-
}

someone_listens() {
	awk -v a="$socket" -v b="${socket#/var}" \
		'($8 == a || $8 == b) && $4 == "00010000" { found = 1 } END { exit !found }' /proc/net/unix
}

# dockerd starts a containerd of its own, which dies with it. After a SIGKILL of
# dockerd its pid file stays, and the next dockerd (20.10) takes a process that
# merely has that number for a running containerd, and waits for it in vain.
end_containerd() {
	local pid
	if pid=$(containerd_pid); then
		kill -KILL "$pid"
		wait_until 10 containerd_gone ||
			die "containerd (process $pid) does not end, even by SIGKILL: restart the machine."
	fi
	rm -f "$containerd/containerd.pid"
}

give_up() {
	tail -n 15 "$log" >&2 || true
	die "$1; its log ends as above ($log): mend that, run 'make engine-stop', then try again."
}

answers_or_died() {
	answers || ! kill -0 "$1" 2>/dev/null
}

# dockerd leads a session of its own, so that a Ctrl-C here does not reach it.
# The lock is not passed on: it would be held for as long as dockerd lives.
start_dockerd() {
	local pid
	mkdir -p "$data" "$(dirname "$socket")"
	rm -f "$pidfile"
	end_containerd
	echo "==> starting dockerd (data in $data, log in $log)"
	setsid dockerd --host="unix://$socket" --data-root="$data" --exec-root="$state/exec" \
		--pidfile="$pidfile" >"$log" 2>&1 </dev/null 9>&- &
	pid=$!
	if ! wait_until 90 answers_or_died "$pid"; then
		kill "$pid"
		give_up "dockerd did not answer within 90 s"
	fi
	kill -0 "$pid" 2>/dev/null || give_up "dockerd ended instead of starting"
	started=yes
}

start() {
	if answers; then
		report
		return
	fi
	check_endpoint
	lock
	# Where no policy denies it, the installation starts Docker as a service.
	if dockerd_gone && ! someone_listens; then install_docker; fi
	if ! dockerd_gone; then
		wait_until 30 answers || give_up "Our dockerd runs but does not answer"
	elif someone_listens; then
		wait_until 30 answers ||
			die "Another process listens on $socket and does not answer as a Docker engine: end it ('ss -xlp src $socket' names it), then try again."
	else
		check_kernel
		start_dockerd
	fi
	unlock
	report
}

nothing_runs() {
	dockerd_gone && containers_gone
}

# Only dockerd can end the containers of one that was killed, so that it is
# started once more for them.
end_engine() {
	local pid
	if dockerd_gone; then start_dockerd; fi
	pid=$(dockerd_pid)
	echo "==> stopping dockerd (process $pid) and its containers"
	kill -TERM "$pid"
	wait_until 60 dockerd_gone || kill -KILL "$pid"
	wait_until 10 dockerd_gone ||
		die "dockerd (process $pid) does not end, even by SIGKILL: restart the machine."
	end_containerd
}

stop() {
	if nothing_runs; then
		echo "==> no engine of ours runs"
		return
	fi
	[[ $(id -u) == 0 ]] || die "Our engine runs as root, so only root can stop it: run this as root."
	lock
	if ! nothing_runs; then end_engine; fi
	unlock
}

run() {
	start
	if [[ $started ]]; then trap stop EXIT; fi
	"$@"
}

usage="usage: $0 start | stop | run COMMAND..."
(($#)) || die "$usage"
verb=$1
shift
case $verb in
start | stop)
	(($# == 0)) || die "$usage"
	"$verb"
	;;
run)
	(($#)) || die "$usage"
	run "$@"
	;;
*) die "$usage" ;;
esac
