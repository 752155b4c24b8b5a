package spec

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

const explainWidth = 78

// String prints the explanation as kubectl explain does.
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "VERSION:  %s\nFIELD:    %s <%s>%s\n", APIVersion, e.Path, e.Type, requiredMark(e.Required))
	if e.Doc != "" {
		fmt.Fprintf(&b, "\nDESCRIPTION:\n%s", wrap(e.Doc, "  "))
	}
	if len(e.Words) > 0 {
		fmt.Fprintf(&b, "\nONE OF:\n  %s\n", strings.Join(e.Words, ", "))
	}
	if len(e.Fields) > 0 {
		b.WriteString("\nFIELDS:\n")
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, f := range e.Fields {
			fmt.Fprintf(table, "  %s\t<%s>%s\t%s\n", f.Name, f.Type, requiredMark(f.Required), f.Synopsis)
		}
		table.Flush() // a strings.Builder takes everything
	}
	return b.String()
}

func requiredMark(required bool) string {
	if required {
		return " required"
	}
	return ""
}

func wrap(text, indent string) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > explainWidth && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
	return b.String()
}
