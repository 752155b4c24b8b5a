package workspace_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/workspace"
)

// long is a time so long ago that no change of today's has it.
var long = time.Date(2020, 1, 2, 3, 4, 5, 678901234, time.UTC)

// here runs scripts on this machine, for a worker whose workspace is a directory
// of it. In packed are the paths that tars were asked of.
type here struct{ packed []string }

func (h *here) Run(ctx context.Context, _, script string, stdin io.Reader, stdout io.Writer) (int, error) {
	if strings.Contains(script, "--files-from") {
		names, _ := io.ReadAll(stdin)
		h.packed = append(h.packed, strings.Split(strings.TrimSuffix(string(names), "\x00"), "\x00")...)
		stdin = bytes.NewReader(names)
	}
	command := exec.CommandContext(ctx, "sh", "-c", script)
	command.Stdin, command.Stdout, command.Stderr = stdin, stdout, GinkgoWriter
	err := command.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// pair is a project and the workspace that it was copied to.
type pair struct {
	outside, inside string
	root            *os.Root
	worker          workspace.Worker
	base            workspace.Manifest
	o               workspace.Options
}

// copied copies a project, that fill makes, into a workspace.
func copied(ctx context.Context, fill func(outside string)) *pair {
	GinkgoHelper()
	p := &pair{outside: filepath.Join(GinkgoT().TempDir(), "project"), inside: GinkgoT().TempDir(), o: workspace.Options{Claim: "c1"}}
	p.o.UID, p.o.GID = os.Getuid(), os.Getgid()
	Expect(os.Mkdir(p.outside, 0o755)).To(Succeed())
	fill(p.outside)
	var err error
	p.root, err = os.OpenRoot(p.outside)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(p.root.Close)
	p.worker = workspace.Worker{Shell: &here{}, ID: "w", Target: p.inside}
	p.base, err = workspace.CopyIn(ctx, p.worker, p.root, p.o)
	Expect(err).NotTo(HaveOccurred())
	return p
}

func (p *pair) back(ctx context.Context) workspace.Report {
	GinkgoHelper()
	report, err := workspace.CopyOut(ctx, p.worker, p.root, p.base, p.o)
	Expect(err).NotTo(HaveOccurred())
	return report
}

// put writes a file, whose time is that of long ago at first, and of now later.
func put(dir, name, text string) {
	GinkgoHelper()
	file := filepath.Join(dir, name)
	_, err := os.Lstat(file)
	Expect(os.MkdirAll(filepath.Dir(file), 0o755)).To(Succeed())
	Expect(os.WriteFile(file, []byte(text), 0o644)).To(Succeed())
	if errors.Is(err, fs.ErrNotExist) {
		Expect(os.Chtimes(file, long, long)).To(Succeed())
	}
}

func remove(dir, name string) {
	GinkgoHelper()
	Expect(os.RemoveAll(filepath.Join(dir, name))).To(Succeed())
}

// tree is a line for each path below a directory: mode, path, content or target.
func tree(dir string) []string {
	GinkgoHelper()
	lines := []string{}
	Expect(filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, file)
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%o %s", info.Mode().Perm(), rel)
		switch info.Mode().Type() {
		case 0:
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			line += " " + string(text)
		case fs.ModeDir:
			line += "/"
		case fs.ModeSymlink:
			target, _ := os.Readlink(file)
			line = rel + " -> " + target
		default:
			line += " ?"
		}
		lines = append(lines, line)
		return nil
	})).To(Succeed())
	return lines
}

// tarOf makes a tar of headers and their contents.
func tarOf(entries ...any) io.Reader {
	GinkgoHelper()
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for i := 0; i < len(entries); i += 2 {
		h, text := entries[i].(tar.Header), entries[i+1].(string)
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		} else {
			text = "" // only files have content
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if h.Size == 0 {
			h.Size = int64(len(text))
		}
		Expect(archive.WriteHeader(&h)).To(Succeed())
		_, err := io.Copy(archive, strings.NewReader(text))
		Expect(err).NotTo(HaveOccurred())
		if h.Size != int64(len(text)) {
			return &buffer // it breaks off
		}
	}
	Expect(archive.Close()).To(Succeed())
	return &buffer
}
