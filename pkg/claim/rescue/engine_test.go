package rescue_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/claim/rescue"
	"hal-controller/pkg/runtime"
)

// engine is one whose worker is a directory of this machine, in which scripts run.
type engine struct {
	worker string // what is searched for git trees
	log    string
	silent bool   // no script can be run
	gone   bool   // the container
	noGit  bool   // in the worker
	fail   string // scripts with this in them fail
	hangs  bool   // scripts do not end
	send   func(script string) io.Reader
}

func (e *engine) Run(ctx context.Context, _, script string, stdin io.Reader, stdout io.Writer) (int, error) {
	switch {
	case e.hangs:
		<-ctx.Done()
		return 0, ctx.Err()
	case e.silent:
		return 0, errors.New("container is not running")
	case e.noGit && strings.HasPrefix(script, "command -v git"):
		return 127, nil
	case e.fail != "" && strings.Contains(script, e.fail):
		_, _ = io.WriteString(stdout, "a part of it")
		return 128, nil
	case script == rescue.SearchTrees:
		for _, tree := range e.trees() {
			_, _ = io.WriteString(stdout, tree+"\x00")
		}
		return 0, nil
	}
	if e.send != nil {
		if r := e.send(script); r != nil {
			_, err := io.Copy(stdout, r)
			return 0, err
		}
	}
	command := exec.CommandContext(ctx, "sh", "-c", script)
	command.Stdin, command.Stdout, command.Stderr = stdin, stdout, GinkgoWriter
	err := command.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (e *engine) trees() []string {
	var found []string
	_ = filepath.WalkDir(e.worker, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" {
			found = append(found, file)
		}
		return err
	})
	return found
}

func (e *engine) Logs(context.Context, string, int, bool) (io.ReadCloser, error) {
	if e.gone {
		return nil, runtime.ErrNotFound
	}
	return io.NopCloser(struct{ io.Reader }{strings.NewReader(e.log)}), nil
}

// Archive knows the worker's directory as /home.
func (e *engine) Archive(_ context.Context, _, path string) (io.ReadCloser, error) {
	dir := path
	if rest, ok := strings.CutPrefix(path, "/home"); ok {
		dir = e.worker + rest
	}
	if _, err := os.Lstat(dir); err != nil || !strings.HasPrefix(dir, e.worker) {
		return nil, runtime.ErrNotFound
	}
	out, err := exec.Command("tar", "-C", filepath.Dir(dir), "--transform", "s,^"+filepath.Base(dir)+","+filepath.Base(path)+",", "-cf", "-", filepath.Base(dir)).Output()
	return io.NopCloser(bytes.NewReader(out)), err
}

// put writes a file.
func put(dir, name, text string) {
	GinkgoHelper()
	file := filepath.Join(dir, name)
	Expect(os.MkdirAll(filepath.Dir(file), 0o755)).To(Succeed())
	Expect(os.WriteFile(file, []byte(text), 0o644)).To(Succeed())
}

func git(dir string, args ...string) string {
	GinkgoHelper()
	words := append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main"}, args...)
	out, err := exec.Command("git", words...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return string(out)
}

// tarOf makes a tar of headers and their contents.
func tarOf(entries ...any) io.Reader {
	GinkgoHelper()
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for i := 0; i < len(entries); i += 2 {
		h, text := entries[i].(tar.Header), entries[i+1].(string)
		if h.Typeflag == 0 {
			h.Typeflag, h.Size = tar.TypeReg, int64(len(text))
		} else {
			text = ""
		}
		Expect(archive.WriteHeader(&h)).To(Succeed())
		_, err := io.WriteString(archive, text)
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(archive.Close()).To(Succeed())
	return &buffer
}

// names lists what is in a tar that was saved.
func names(file string) []string {
	GinkgoHelper()
	out, err := exec.Command("tar", "-tf", file).Output()
	Expect(err).NotTo(HaveOccurred())
	list := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(list)
	return list
}

// files are the names of the files in a directory.
func files(dir string) []string {
	GinkgoHelper()
	entries, err := os.ReadDir(dir)
	Expect(err).NotTo(HaveOccurred())
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}
