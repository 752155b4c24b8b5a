package workspace

import (
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// pattern is a line of a .gitignore.
type pattern struct {
	glob     string
	negated  bool // "!": what matches is not ignored
	dirOnly  bool // "x/"
	anchored bool // has a slash: of the path, not of its last name
}

// parsePatterns reads the text of a .gitignore. A line that is no pattern is
// none, as it is to git.
func parsePatterns(text string) []pattern {
	var patterns []pattern
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if p, ok := parsePattern(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")); ok {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

func parsePattern(line string) (pattern, bool) {
	line = trimSpaces(line)
	if line == "" || line[0] == '#' {
		return pattern{}, false
	}
	var p pattern
	if line, p.negated = strings.CutPrefix(line, "!"); line == "" {
		return pattern{}, false
	}
	line, p.dirOnly = strings.CutSuffix(line, "/")
	p.anchored = strings.Contains(line, "/")
	p.glob = translate(strings.TrimPrefix(line, "/"))
	return p, p.glob != "" && doublestar.ValidatePattern(p.glob)
}

// trimSpaces takes away the spaces at the end that no backslash keeps.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	slashes := len(trimmed) - len(strings.TrimRight(trimmed, `\`))
	if slashes%2 == 1 && len(trimmed) < len(line) {
		return trimmed + " "
	}
	return trimmed
}

// matches says whether the pattern is about a path, which is given relative to
// the directory of the pattern's file.
func (p pattern) matches(rel string, dir bool) bool {
	if p.dirOnly && !dir {
		return false
	}
	if !p.anchored {
		rel = path.Base(rel)
	}
	return doublestar.MatchUnvalidated(p.glob, rel)
}

// translate turns the glob of git into one of doublestar, which has
// alternatives in braces and no named classes, and to which "x/**" is also x.
func translate(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '\\':
			b.WriteByte(c)
			if i++; i < len(glob) {
				b.WriteByte(glob[i])
			}
		case '{', '}':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '[':
			class := classAt(glob[i:])
			b.WriteString(translateClass(class))
			i += len(class) - 1
		default:
			b.WriteByte(c)
		}
	}
	if glob := b.String(); strings.HasSuffix(glob, "/**") {
		return glob + "/*"
	}
	return b.String()
}

// classAt is the bracket expression at the start of a glob, or its "[" where
// none is closed.
func classAt(glob string) string {
	i := 1
	if i < len(glob) && (glob[i] == '!' || glob[i] == '^') {
		i++
	}
	for first := i; i < len(glob); i++ {
		switch {
		case glob[i] == '\\':
			i++
		case strings.HasPrefix(glob[i:], "[:"):
			if end := strings.Index(glob[i:], ":]"); end > 0 {
				i += end + 1
			}
		case glob[i] == ']' && i > first:
			return glob[:i+1]
		}
	}
	return glob[:1]
}

var namedClasses = strings.NewReplacer(
	"[:alnum:]", "0-9A-Za-z", "[:alpha:]", "A-Za-z", "[:blank:]", " \t", "[:cntrl:]", "\x01-\x1f\x7f",
	"[:digit:]", "0-9", "[:graph:]", "!-~", "[:lower:]", "a-z", "[:print:]", " -~",
	"[:punct:]", "!-/:-@\\[-`{-~", "[:space:]", " \t-\r", "[:upper:]", "A-Z", "[:xdigit:]", "0-9A-Fa-f")

func translateClass(class string) string {
	if len(class) < 2 {
		return class
	}
	open, body := class[:1], class[1:]
	if body[0] == '!' || body[0] == '^' {
		open, body = "[^", body[1:]
	}
	if body[0] == ']' { // as the first one, a bracket like any other character
		open, body = open+`\]`, body[1:]
	}
	return open + namedClasses.Replace(body)
}
