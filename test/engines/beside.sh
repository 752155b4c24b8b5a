#!/usr/bin/env bash
# What the scripts have in common that start an engine beside the main one, for
# the contract suite to run against. A script sets engine, its name; has the
# functions install, which gets what the engine needs, and serve, which becomes
# the engine on $socket; and ends by sourcing this. It may have connect, which
# becomes a process that gives the namespace $netns a way out, and inside, which
# runs a command in the namespace.
#
#   SCRIPT start        start the engine, if it does not answer, with the main one's hal/base
#   SCRIPT stop         end it and remove all that it has made
#   SCRIPT run CMD...   run CMD with DOCKER_HOST set to it; end it if this run started it
#
# The engine has directories of its own below $HAL_ENGINES, and a network namespace:
# its bridges and firewall rules are not the main engine's, its containers have no
# way out unless it is given one, and the ports they publish are not this machine's.
# Mounts are this machine's: what is mounted here later propagates to its containers.

# shellcheck disable=SC2154 # engine is set by the script that sources this
dir=${HAL_ENGINES:-/var/lib/hal-controller-engines}/$engine
socket=$dir/engine.sock
pidfile=$dir/pid
log=$dir/log
netns=$dir/netns
started=

export PATH="$PATH:/usr/sbin:/sbin"

die() {
	echo "$*" >&2
	exit 1
}

declare -F inside >/dev/null || inside() { "$@"; }

there() {
	DOCKER_HOST=unix://$socket "$@"
}

answers() {
	there timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

report() {
	echo "==> $engine $(there docker version --format '{{.Server.Version}}') answers at unix://$socket"
}

# engine_pid prints the engine's process id, or fails if none runs: a number in a
# stale file may be another's by now, whose command line does not name our socket.
engine_pid() {
	local pid
	pid=$(cat "$pidfile" 2>/dev/null) || return 1
	[[ $pid =~ ^[1-9][0-9]*$ ]] || return 1
	tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -e "unix://$socket" || return 1
	echo "$pid"
}

engine_gone() {
	! engine_pid >/dev/null
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

answers_or_died() {
	answers || ! kill -0 "$1" 2>/dev/null
}

# A name is bound to the namespace, so that it is there before the engine and after it.
make_netns() {
	end_helpers
	while mountpoint --quiet "$netns"; do umount "$netns"; done
	touch "$netns"
	unshare --net="$netns" ip link set lo up
	if declare -F connect >/dev/null; then make_way_out; fi
}

make_way_out() {
	setsid "$0" connect >"$log" 2>&1 </dev/null &
	wait_until 10 has_way_out && return
	cat "$log" >&2
	stop
	die "$engine was not given a way out, for the reason above: mend that, then try again."
}

has_way_out() {
	nsenter --net="$netns" ip route show default | grep -q .
}

launch() {
	local pid
	echo "==> starting $engine (all of it in $dir)"
	make_netns
	setsid nsenter --net="$netns" "$0" serve >>"$log" 2>&1 </dev/null &
	pid=$!
	echo "$pid" >"$pidfile"
	wait_until 60 answers_or_died "$pid" && answers && return
	tail -n 15 "$log" >&2
	stop
	die "$engine did not start; its log ends as above: mend that, then try again."
}

start() {
	if answers; then
		report
		return
	fi
	[[ $(id -u) == 0 ]] || die "Only root can start $engine: run this as root."
	mkdir -p "$dir"
	install
	launch
	started=yes
	if docker image inspect hal/base >/dev/null 2>&1; then docker save hal/base | there docker load >/dev/null; fi
	report
}

remove_containers() {
	there timeout 60 docker ps --all --quiet | xargs --no-run-if-empty env DOCKER_HOST="unix://$socket" timeout 60 docker rm --force >/dev/null
}

# Podman's monitors of commands outlive these by five minutes, and then clean up in
# a directory that is no more. They name its root as an argument, and what gives
# the namespace a way out names the namespace.
end_helpers() {
	local file pid
	while read -r file; do
		pid=${file//[!0-9]/}
		case $(tr '\0' '\n' 2>/dev/null <"$file" | head -n 1) in
		*/conmon | slirp4netns) kill -KILL "$pid" ;;
		esac
	done < <(grep -lszxF -e "$dir/root" -e "$netns" /proc/[0-9]*/cmdline)
}

# A file of what is mounted below would go, too, with the directory: so nothing is.
remove_dir() {
	local mounted
	while read -r mounted; do umount "$mounted"; done < <(findmnt --raw --noheadings --output TARGET | grep -F "$dir/" | tac)
	rm -rf --one-file-system "$dir"
}

stop() {
	local pid
	if pid=$(engine_pid); then
		echo "==> stopping $engine (process $pid) and its containers"
		if answers; then remove_containers; fi
		kill -TERM "$pid"
		wait_until 30 engine_gone || kill -KILL "$pid"
		wait_until 10 engine_gone || die "$engine (process $pid) does not end, even by SIGKILL: restart the machine."
	fi
	end_helpers
	[[ ! -d $dir ]] || remove_dir
}

run() {
	start
	if [[ $started ]]; then trap stop EXIT; fi
	there inside "$@"
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
serve | connect) # by launch, to become the engine, and its way out
	"$verb"
	;;
*) die "$usage" ;;
esac
