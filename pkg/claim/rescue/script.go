package rescue

import (
	"path"
	"strings"
)

// quote makes one word of the shell of a text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// searchTrees writes the paths of all .git of the worker's own file systems: its
// root, and what is in memory. What is mounted otherwise outlives it.
const searchTrees = `command -v find >/dev/null || exit
set -- /
while read -r _ dir type _; do
	case $dir in /proc*|/sys*|/dev*) continue ;; esac
	if [ "$type" = tmpfs ]; then set -- "$@" "$(printf '%b' "$dir")"; fi
done </proc/mounts
find "$@" -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /usr \) -prune -o -name .git -print0 2>/dev/null
true` // for what it may not read it has no exit code of its own

const tarCommand = "tar --create --file=- --format=pax --hard-dereference --ignore-failed-read"

// files makes a tar of paths, each ended by a NUL. That a file changed meanwhile,
// exit code 1, is no failure.
const files = tarCommand + " --no-recursion --null --verbatim-files-from --files-from=-; [ $? -le 1 ]"

func in(dir, script string) string { return "cd -- " + quote(dir) + " || exit\n" + script }

func packTree(dir string) string  { return in(dir, tarCommand+" .; [ $? -le 1 ]") }
func packPaths(dir string) string { return in(dir, files) }

func packTranscripts(configDir string) string {
	return "[ -d " + quote(configDir+"/projects") + " ] || exit 0\n" +
		in(configDir, "find projects -type f -name '*.jsonl' -print0 | "+files)
}

// inTree is for scripts with git: one that runs nothing that a repository asks
// for, whose owner may be another one, and that takes no other repository for this one.
func inTree(tree, script string) string {
	return in(tree, `git() { command git -c safe.directory='*' -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@"; }
export GIT_OPTIONAL_LOCKS=0 GIT_CEILING_DIRECTORIES=`+quote(path.Dir(tree))+"\n"+script)
}

// gitDiff is of the files that git knows, against the last commit or, where there
// is none, against nothing.
func gitDiff(tree string) string {
	return inTree(tree, `base=$(git rev-parse -q --verify 'HEAD^{commit}' || git hash-object -t tree /dev/null) || exit
git diff --binary --no-ext-diff --no-textconv --no-color "$base"`)
}

func gitStashes(tree string) string {
	return inTree(tree, `git rev-parse -q --verify refs/stash >/dev/null || exit 0
git stash list -p --binary --no-ext-diff --no-textconv --no-color`)
}

// gitBundle is of the commits that no remote is known to have.
func gitBundle(tree string) string {
	return inTree(tree, `head=$(git rev-parse -q --verify 'HEAD^{commit}' >/dev/null && echo HEAD)
[ -n "$(git rev-list -1 --all $head --not --remotes)" ] || exit 0
git bundle create -q - --all $head --not --remotes`)
}

func packUntracked(tree string) string {
	return inTree(tree, "git ls-files --others --exclude-standard -z | "+files)
}
