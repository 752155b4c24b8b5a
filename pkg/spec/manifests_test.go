package spec_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec"
)

// smallest is the smallest useful pool. Lines that a test adds begin at line 9;
// their indentation says whose keys they are: six blanks for the template's, four
// for the workers', two for the spec's.
const smallest = `apiVersion: hal/v1alpha1
kind: Pool
metadata: {name: dev}
spec:
  workers:
    warm: 3
    template:
      image: hal/worker
`

func with(lines ...string) string { return smallest + strings.Join(lines, "\n") + "\n" }

// changed is the smallest pool with one part replaced.
func changed(old, new string) string { return strings.Replace(smallest, old, new, 1) }

func problemsOf(manifest string) []string {
	_, problems := spec.Load("pool.yaml", []byte(manifest))
	return lines(problems)
}

func lines(problems spec.Problems) []string {
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	return texts
}

func load(manifest string) spec.Pool {
	GinkgoHelper()
	objects, problems := spec.Load("pool.yaml", []byte(manifest))
	Expect(problems).To(BeEmpty())
	Expect(objects).To(HaveLen(1))
	return *objects[0].Pool
}

// directory makes a directory of files, each as name and content.
func directory(files map[string]string) string {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
		Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	}
	return dir
}
