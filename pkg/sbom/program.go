package sbom

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// elfMagic is how a Linux program begins.
const elfMagic = "\x7fELF"

// program reads the modules that a Go program was made of. Any other program has
// none.
func (s *scanner) program(name string, size int64, content io.Reader) error {
	reader := bufio.NewReader(content)
	magic, _ := reader.Peek(len(elfMagic)) // less of a shorter file; the tar's own trouble comes up again
	if string(magic) != elfMagic {
		return nil
	}
	if size > maxProgram {
		s.skip(name, size)
		return nil
	}
	info, err := buildInfo(reader)
	if err != nil || info == nil {
		return err
	}
	for _, p := range modulesOf(info) {
		if err := s.add(name, p); err != nil {
			return err
		}
	}
	return nil
}

// modulesOf are the standard library, the program's own module, and those that
// it was made with.
func modulesOf(info *buildinfo.BuildInfo) []Package {
	modules := []Package{
		{Type: Golang, Name: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")},
		module(info.Main.Path, info.Main.Version),
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, module(m.Path, m.Version))
	}
	return modules
}

func module(name, version string) Package {
	if version == "(devel)" {
		version = ""
	}
	namespace, last := path.Split(name)
	return Package{Type: Golang, Namespace: strings.TrimSuffix(namespace, "/"), Name: last, Version: version}
}

// buildInfo is nil for what is no Go program. The program goes by way of a
// temporary file, because it has to be read here and there.
func buildInfo(content io.Reader) (*buildinfo.BuildInfo, error) {
	file, err := os.CreateTemp("", "hal-sbom-")
	if err != nil {
		return nil, fmt.Errorf("keep a program while it is read: %w", err)
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("keep a program while it is read: %w", err)
	}
	if _, err := io.Copy(file, content); err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(file)
	if err != nil { // no Go, or spoilt
		return nil, nil
	}
	return info, nil
}
