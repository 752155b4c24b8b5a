#!/usr/bin/env bash
# contract.sh [ENGINE...]: runs the contract suite of pkg/runtime on engines beside
# the main one, all that there are or those named, and prints a line for each. Specs
# that match a line of ENGINE.differs are left out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../../pkg/runtime/docker"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# left_out ENGINE prints a flag for each pattern; a space in a spec's text is any
# number of them, because groups of specs without a name leave one behind.
left_out() {
	if [[ -r $here/$1.differs ]]; then
		sed -n '/^[^#]/{s/ / +/g;s/^/-ginkgo.skip=/;p}' "$here/$1.differs"
	fi
}

contract() {
	local engine=$1 flags
	mapfile -t flags < <(left_out "$engine")
	"$here/$engine.sh" run "$work/contract.test" -ginkgo.no-color -ginkgo.timeout 8m "${flags[@]}" >"$work/$engine" 2>&1
}

docker image inspect hal/base >/dev/null 2>&1 || {
	echo "The main engine does not answer or has no hal/base, which the suite needs: run 'make images', then try again." >&2
	exit 1
}
go test -tags e2e -race -c -o "$work/contract.test" .
(($#)) || set -- docker-trixie docker-rootless podman newest
result=0
for engine; do
	if contract "$engine"; then verdict=ok; else verdict=FAILED result=1; fi
	version=$(grep -m 1 -o ' [0-9][^ ]* answers' "$work/$engine" | cut -d ' ' -f 2) || version=
	counts=$(grep -o '[0-9]* Passed.*' "$work/$engine") || counts="did not run"
	printf '%-16s %-16s %-7s %s\n' "$engine" "$version" "$verdict" "$counts"
	[[ $verdict == ok ]] || { grep -A 1 -E '^ +\[(FAIL|TIMEDOUT)\]' "$work/$engine" || tail -n 20 "$work/$engine"; } >&2
done
exit "$result"
