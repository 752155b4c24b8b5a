package instrument

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Target is a package, by its directory below the module's, and what in it gets points.
// Without a choice only its clock is replaced.
type Target struct {
	Dir    string
	Choose Choice
}

// Words of the points of a function, after its name.
const (
	Before = ":before"
	After  = ":after"
)

// Functions are those of a module that get points, such as "docker.Engine.Create",
// sorted. A target without any is an error.
func Functions(module string, targets ...Target) (functions []string, err error) {
	err = eachFile(module, targets, func(_, _ string, found []string) error {
		functions = append(functions, found...)
		return nil
	})
	slices.Sort(functions)
	return functions, err
}

// Overlay writes the instrumented files of a module into the directory to, and returns
// the path of their list, for go build's -overlay.
func Overlay(module, to string, targets ...Target) (list string, err error) {
	replaced := map[string]string{}
	err = eachFile(module, targets, func(file, text string, _ []string) error {
		replaced[file] = filepath.Join(to, fmt.Sprintf("%d.go", len(replaced)))
		return os.WriteFile(replaced[file], []byte(text), 0o600)
	})
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	list = filepath.Join(to, "overlay.json")
	return list, os.WriteFile(list, data, 0o600)
}

// eachFile calls do for every file that has points or a clock, with its instrumented text.
func eachFile(module string, targets []Target, do func(file, text string, functions []string) error) error {
	for _, t := range targets {
		files, err := filepath.Glob(filepath.Join(module, t.Dir, "*.go"))
		if err != nil {
			return err
		}
		chosen := t.Choose == nil
		for _, file := range files {
			text, functions, err := t.instrument(file)
			if err != nil {
				return err
			}
			if text == "" {
				continue
			}
			chosen = chosen || len(functions) > 0
			if err := do(file, text, functions); err != nil {
				return err
			}
		}
		if !chosen {
			return fmt.Errorf("instrument %s: nothing in it is chosen", t.Dir)
		}
	}
	return nil
}

func (t Target) instrument(file string) (text string, functions []string, err error) {
	if strings.HasSuffix(file, "_test.go") {
		return "", nil, nil
	}
	source, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	return Source(file, string(source), t.Choose)
}

// Source puts points and the clock into one file, whose lines stay where they are. It
// returns the functions that have points, and no text where there is nothing to put.
func Source(path, source string, choose Choice) (text string, functions []string, err error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return "", nil, err
	}
	e := edit{set: set, source: source}
	e.insert(file.Name.End(), `; import failpoint "hal-controller/test/faults/failpoint"`)
	for _, d := range file.Decls {
		f, is := d.(*ast.FuncDecl)
		if is && f.Body != nil && choose != nil && choose(f) {
			name := nameOf(file, f)
			functions = append(functions, name)
			e.insert(f.Body.Lbrace+1, fmt.Sprintf(" failpoint.Point(%q); defer failpoint.Point(%q); ", name+Before, name+After))
		}
		for _, clock := range clocks(d) {
			e.replace(clock, "failpoint."+clock.Sel.Name)
		}
	}
	if e.changes == 1 {
		return "", nil, nil
	}
	return e.text(), functions, nil
}

// clocks are where a function of package time that looks at the clock is named, in their
// order.
func clocks(in ast.Node) (found []*ast.SelectorExpr) {
	ast.Inspect(in, func(n ast.Node) bool {
		s, is := n.(*ast.SelectorExpr)
		if !is || !slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name) {
			return true
		}
		if from, is := s.X.(*ast.Ident); is && from.Name == "time" {
			found = append(found, s)
		}
		return true
	})
	return found
}

// edit is a source with changes from its beginning to its end.
type edit struct {
	set     *token.FileSet
	source  string
	done    strings.Builder
	written int
	changes int
	clock   bool
}

func (e *edit) insert(at token.Pos, what string) {
	offset := e.set.Position(at).Offset
	e.done.WriteString(e.source[e.written:offset] + what)
	e.written = offset
	e.changes++
}

func (e *edit) replace(n ast.Node, by string) {
	e.insert(n.Pos(), by)
	e.written = e.set.Position(n.End()).Offset
	e.clock = true
}

// text uses the package time once more, for a file that needs nothing else of it.
func (e *edit) text() string {
	text := e.done.String() + e.source[e.written:]
	if e.clock {
		text += "\nvar _ time.Time\n"
	}
	return text
}

func nameOf(file *ast.File, f *ast.FuncDecl) string {
	parts := []string{file.Name.Name, receiver(f), f.Name.Name}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ".")
}
