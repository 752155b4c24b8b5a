package profile

import (
	"regexp"
	"strings"
)

// instruction is one of a Dockerfile: its word in capitals, the rest on one line,
// and the line where it begins, from 1.
type instruction struct {
	line       int
	word, rest string
}

// directive is a comment at the very top that is none, such as "# escape=`".
var directive = regexp.MustCompile(`^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*?)\s*$`)

// instructionsOf splits a Dockerfile as Docker's parser does, without the here
// documents that the classic builder does not have. The parser itself
// (moby/buildkit) would make the program an eighth larger, and what is read here
// is checked again on the image that comes of it.
func instructionsOf(text string) []instruction {
	lines := strings.Split(strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\ufeff"), "\n")
	escape := escapeOf(lines)
	var all []instruction
	var open bool // the last instruction goes on
	for n, line := range lines {
		if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
			continue // inside of an instruction, too
		}
		content, continued := strings.CutSuffix(strings.TrimRight(line, " \t"), escape)
		if continued && strings.HasSuffix(content, escape) { // an escaped escape continues nothing
			content, continued = line, false
		}
		if !open {
			all = append(all, instruction{line: n + 1})
		}
		all[len(all)-1].rest += content
		open = continued
	}
	for i := range all {
		all[i].split()
	}
	return all
}

// split takes the word off what has been gathered.
func (i *instruction) split() {
	words := strings.Fields(i.rest)
	if len(words) == 0 { // a lone escape
		return
	}
	i.rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(i.rest), words[0]))
	i.word = strings.ToUpper(words[0])
}

// escapeOf is the character that continues a line.
func escapeOf(lines []string) string {
	for _, line := range lines {
		match := directive.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			break
		}
		if strings.EqualFold(match[1], "escape") {
			return match[2]
		}
	}
	return `\`
}
