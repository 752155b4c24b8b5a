package workspace

import "strings"

// quote makes one word of the shell of a text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// UnpackScript extracts the tar of Send from its standard input. It needs GNU tar.
func UnpackScript(target string) string {
	return "cd -- " + quote(target) + " && exec tar --extract --file=- --preserve-permissions --no-same-owner"
}

// SurveyScript lists the workspace in the form of ParseSurvey. It needs GNU find.
func SurveyScript(target string) string {
	const fields = `%m %s %T@ %D %P\0%l\0'`
	return "cd -- " + quote(target) + ` && exec find . -ignore_readdir_race -xdev` +
		` \( -type d \( ! -readable -o ! -executable \) -printf 'u ` + fields + ` -prune \)` +
		` -o -printf '%y ` + fields
}

// PackScript makes a tar of the files whose paths it reads, each ended by a NUL.
// It needs GNU tar. What has gone or cannot be read is left out; the exit code is
// 1 if a file changed meanwhile.
func PackScript(target string) string {
	return "cd -- " + quote(target) + " && exec tar --create --file=- --format=pax --hard-dereference" +
		" --no-recursion --ignore-failed-read --null --verbatim-files-from --files-from=-"
}
