package spec

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Load turns the text of a manifest into objects that are decoded, defaulted and
// valid, with every relative path in them made absolute. file names the text in
// problems, and its directory is what paths are relative to. Nothing else is
// read. The problems are all there are; the objects are those without errors.
func Load(file string, data []byte) ([]Object, Problems) {
	docs := loadDocuments(file, data)
	checkTogether(docs)
	return collect(docs)
}

// LoadFile is Load of the file at path.
func LoadFile(path string) ([]Object, Problems) {
	docs := loadFile(path)
	checkTogether(docs)
	return collect(docs)
}

// LoadPath loads a file, or the *.yaml and *.yml files of a directory that are
// not hidden, in the order of their names and through symbolic links; directories
// in it are not entered. Objects that exclude each other, in one file or in two,
// are a problem of the later one.
func LoadPath(path string) ([]Object, Problems) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Problems{unreadable(path, err)}
	}
	if !info.IsDir() {
		return LoadFile(path)
	}
	files, err := manifests(path)
	if err != nil {
		return nil, Problems{unreadable(path, err)}
	}
	if len(files) == 0 {
		return nil, Problems{{File: path, Warning: true, Message: "has no *.yaml or *.yml file: nothing is declared"}}
	}
	var docs []document
	for _, file := range files {
		docs = append(docs, loadFile(file)...)
	}
	checkTogether(docs)
	return collect(docs)
}

// manifests lists the files of a directory that LoadPath reads.
func manifests(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		extension := filepath.Ext(e.Name())
		if strings.HasPrefix(e.Name(), ".") || (extension != ".yaml" && extension != ".yml") {
			continue
		}
		file := filepath.Join(dir, e.Name())
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			continue
		}
		files = append(files, file)
	}
	return files, nil
}

func loadFile(path string) []document {
	data, err := read(path)
	if err != nil {
		return []document{{problems: Problems{unreadable(path, err)}}}
	}
	return loadDocuments(path, data)
}

// read reads no more of a file than tells that it is too large, and nothing that
// would block, such as a pipe.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}

func unreadable(path string, err error) Problem {
	return Problem{File: path, Message: "cannot be read: " + reason(err)}
}

// reason is the error without the path, which the problem has already.
func reason(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

func loadDocuments(file string, data []byte) []document {
	docs := decode(file, data)
	for i := range docs {
		docs[i].finish(filepath.Dir(file))
	}
	return docs
}

// finish resolves, defaults and validates the object, as far as it was decoded.
func (d *document) finish(dir string) {
	switch o := d.object; {
	case o == nil:
	case o.Pool != nil:
		resolvePool(o.Pool, dir)
		Default(o.Pool)
		d.add(Validate(o.Pool))
	case o.Claim != nil:
		o.Claim.Spec.Project = resolve(dir, o.Claim.Spec.Project)
		d.add(ValidateClaim(o.Claim))
	}
}

// add locates the errors of validation. Those about a value that could not be
// decoded, or is missing, have been told already.
func (d *document) add(errs []FieldError) {
	told := d.problems.Errors()
	for _, e := range errs {
		if slices.ContainsFunc(told, func(p Problem) bool { return retold(p.Path, e.Path) }) {
			continue
		}
		d.problem(e.Path, e.Message)
	}
}

func (d *document) problem(path, message string) {
	at := d.at.of(path)
	d.problems = append(d.problems, Problem{
		File: d.object.Source.File, Line: at.line, Column: at.column, Path: path, Message: message,
	})
}

// retold says whether a rule's error about path only repeats what is known of the
// value at told: it is that value, lies inside it, or is the mapping it is a key of.
func retold(told, path string) bool {
	rest, within := strings.CutPrefix(path, told)
	return within && (rest == "" || rest[0] == '.' || rest[0] == '[') || path == parentPath(told)
}
