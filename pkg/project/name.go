package project

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// maxName is the most characters of a claim's name.
const maxName = 40

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// Name is what to call a claim for a directory: its own name, of what a claim's may
// have.
func Name(dir string) string {
	name := clean(filepath.Base(dir), maxName)
	if name == "" {
		return "project"
	}
	return name
}

// Numbered is the nth of a name: itself, then NAME-2, NAME-3, and so on.
func Numbered(name string, n int) string {
	if n < 2 {
		return name
	}
	end := "-" + strconv.Itoa(n)
	return clean(name, maxName-len(end)) + end
}

// clean are the letters and digits of a text, dashes for all that is between, so many
// characters at most.
func clean(text string, most int) string {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(text), "-"), "-")
	return strings.TrimRight(name[:min(len(name), most)], "-")
}
