package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"hal-controller/pkg/spec"
)

const validateLong = `Check manifests without an engine or a daemon. Every problem is one line,
FILE:LINE:COLUMN: FIELD: what is wrong, and all of them are told at once.

Each -f is a source of its own, as a controller would read it: two of them may
declare the same pool, two files of one directory may not.

It ends with 0 when all is valid, 2 when something is not.`

func newValidate(a *app) *cobra.Command {
	var paths []string
	output := choiceOf("text", "json")
	c := &cobra.Command{
		Use: "validate -f PATH", Short: "Check manifests", Long: validateLong,
		GroupID: groupChange, Args: noArguments,
		Example: "  hal-controller validate -f pool.yaml\n  hal-controller validate -f pools/ -o json",
		RunE: func(*cobra.Command, []string) error {
			if len(paths) == 0 {
				return errNoManifest()
			}
			return a.validate(paths, output.word)
		},
	}
	c.Flags().StringArrayVarP(&paths, "filename", "f", nil, manifestUsage+"; may be repeated")
	_ = c.MarkFlagFilename("filename", "yaml", "yml")
	choiceFlag(c, output, "output", "o", "form of the result")
	return c
}

func (a *app) validate(paths []string, output string) error {
	result := validation{Valid: true, Objects: []validObject{}, Problems: []problemReport{}}
	for _, path := range paths {
		objects, problems := a.loadPath(path)
		result.add(objects, problems)
	}
	if output == "json" {
		if err := printJSON(a.out, result); err != nil {
			return err
		}
	} else {
		result.print(a.out, a.errOut)
	}
	if !result.Valid {
		return &codedError{code: exitUsage}
	}
	return nil
}

// validation is what validate found; its JSON form is what -o json prints.
type validation struct {
	// Valid says that there are only warnings.
	Valid    bool            `json:"valid"`
	Objects  []validObject   `json:"objects"`
	Problems []problemReport `json:"problems"`
}

type validObject struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type problemReport struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Warning bool   `json:"warning"`
	text    string
}

func (v *validation) add(objects []spec.Object, problems spec.Problems) {
	for _, o := range objects {
		v.Objects = append(v.Objects, validObject{o.Source.File, o.Source.Line, o.Kind(), o.Name()})
	}
	for _, p := range problems {
		v.Problems = append(v.Problems, problemReport{p.File, p.Line, p.Column, p.Path, p.Message, p.Warning, p.Error()})
		v.Valid = v.Valid && p.Warning
	}
}

func (v *validation) print(out, errOut io.Writer) {
	for _, p := range v.Problems {
		fmt.Fprintln(errOut, p.text)
	}
	for _, o := range v.Objects {
		fmt.Fprintf(out, "%s: %s/%s valid\n", o.File, strings.ToLower(o.Kind), o.Name)
	}
}

// printJSON writes v for a program, and for a person who looks.
func printJSON(w io.Writer, v any) error {
	return encodeJSON(w, v, "  ")
}
