package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"hal-controller/pkg/spec"
)

// chain is a causal chain as it is told: the effect, and indented below it each
// cause, and below that what is done about it.
type chain struct {
	lines []string
	now   time.Time
}

// because is what a line with a cause begins with.
const because = "  because "

func (c *chain) because(text string) {
	c.lines = append(c.lines, because+sentence(text))
}

func (c *chain) detail(text string) {
	if !c.told(text) {
		c.lines = append(c.lines, "    "+sentence(text))
	}
}

// next says when the next attempt is.
func (c *chain) next(w spec.Waiting) {
	line := "no attempt until that changes"
	switch {
	case w.Until.IsZero():
	case w.Until.After(c.now):
		line = fmt.Sprintf("next attempt in %s, at %s", age(c.now, w.Until), w.Until.In(c.now.Location()).Format(time.TimeOnly))
	default:
		line = "the next attempt is due"
	}
	c.lines = append(c.lines, "    "+line)
}

// told says whether a line says so already.
func (c *chain) told(text string) bool {
	return slices.ContainsFunc(c.lines, func(line string) bool { return strings.Contains(line, sentence(text)) })
}

// sentence is a message on one line, that says nothing to a terminal.
func sentence(message string) string {
	return harmless(strings.Join(strings.Fields(message), " "))
}

// harmless is a text, of a line or more, that says nothing to a terminal: what a
// container or a person has called something may have any characters in it.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// clause is ": message", or, with none, what else is known.
func clause(message, otherwise string) string {
	switch {
	case message != "":
		return ": " + message
	case otherwise != "":
		return " (" + otherwise + ")"
	default:
		return ""
	}
}

// phaseWord is a phase within a sentence.
func phaseWord(phase string) string {
	words := map[string]string{"NotReady": "not ready", "Creating": "being created", "Failed": "down"}
	if word, ok := words[phase]; ok {
		return word
	}
	return strings.ToLower(phase)
}
