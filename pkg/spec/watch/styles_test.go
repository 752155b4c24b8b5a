package watch_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/spec/watch"
)

// style is a way to change what is read at a file.
type style struct {
	// prepare makes the place below dir, with the content "0" where there is
	// one, and returns the path to watch and the file that is read.
	prepare func(dir string) (watched, file string)
	// edit makes the content be n.
	edit func(dir string, n int)
}

func text(n int) string { return fmt.Sprintf("warm: %d\n", n) }

func write(path string, n int) {
	GinkgoHelper()
	Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
	Expect(os.WriteFile(path, []byte(text(n)), 0o644)).To(Succeed())
}

func rename(from, to string) {
	GinkgoHelper()
	Expect(os.Rename(from, to)).To(Succeed())
}

// swap makes link lead to target, in one step.
func swap(target, link string) {
	GinkgoHelper()
	Expect(os.Symlink(target, link+".new")).To(Succeed())
	rename(link+".new", link)
}

func command(dir, name string, args ...string) {
	GinkgoHelper()
	c := exec.Command(name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

func git(dir string, args ...string) {
	GinkgoHelper()
	command(dir, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main"}, args...)...)
}

// plain is one file in dir, which is watched itself.
func plain(dir string) (string, string) {
	file := filepath.Join(dir, "pool.yaml")
	write(file, 0)
	return file, file
}

func plainEdit(edit func(file string, n int)) style {
	return style{plain, func(dir string, n int) { edit(filepath.Join(dir, "pool.yaml"), n) }}
}

var (
	inPlace = plainEdit(write)

	writeAndRename = plainEdit(func(file string, n int) {
		write(file+".tmp", n)
		rename(file+".tmp", file)
	})

	vimBackup = plainEdit(func(file string, n int) {
		rename(file, file+"~")
		write(file, n)
		Expect(os.Remove(file + "~")).To(Succeed())
	})

	sedInPlace = plainEdit(func(file string, n int) {
		command(filepath.Dir(file), "sed", "-i", fmt.Sprintf("s/[0-9]/%d/", n), file)
	})

	gitCheckout = style{
		func(dir string) (string, string) {
			git(dir, "init", "-q")
			for _, n := range []int{2, 1, 0} {
				write(filepath.Join(dir, "pools", "pool.yaml"), n)
				git(dir, "add", ".")
				git(dir, "commit", "-q", "-m", "a change")
				git(dir, "branch", fmt.Sprintf("b%d", n))
			}
			return filepath.Join(dir, "pools"), filepath.Join(dir, "pools", "pool.yaml")
		},
		func(dir string, n int) { git(dir, "checkout", "-q", fmt.Sprintf("b%d", n)) },
	}

	configMap = style{
		func(dir string) (string, string) {
			write(filepath.Join(dir, "..0", "pool.yaml"), 0)
			swap("..0", filepath.Join(dir, "..data"))
			swap("..data/pool.yaml", filepath.Join(dir, "pool.yaml"))
			return dir, filepath.Join(dir, "pool.yaml")
		},
		func(dir string, n int) {
			write(filepath.Join(dir, fmt.Sprintf("..%d", n), "pool.yaml"), n)
			swap(fmt.Sprintf("..%d", n), filepath.Join(dir, "..data"))
			Expect(os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", n-1)))).To(Succeed())
		},
	}

	configMapFile = style{
		func(dir string) (string, string) {
			_, file := configMap.prepare(dir)
			return file, file
		},
		configMap.edit,
	}

	currentLink = style{
		func(dir string) (string, string) {
			write(filepath.Join(dir, "releases", "0", "deploy", "pools", "pool.yaml"), 0)
			swap("releases/0", filepath.Join(dir, "current"))
			pools := filepath.Join(dir, "current", "deploy", "pools")
			return pools, filepath.Join(pools, "pool.yaml")
		},
		func(dir string, n int) {
			release := fmt.Sprintf("releases/%d", n)
			write(filepath.Join(dir, release, "deploy", "pools", "pool.yaml"), n)
			swap(release, filepath.Join(dir, "current"))
		},
	}

	linkedFile = style{
		func(dir string) (string, string) {
			write(filepath.Join(dir, "elsewhere", "pool.yaml"), 0)
			Expect(os.Mkdir(filepath.Join(dir, "pools"), 0o755)).To(Succeed())
			swap("../elsewhere/pool.yaml", filepath.Join(dir, "pools", "pool.yaml"))
			return filepath.Join(dir, "pools"), filepath.Join(dir, "pools", "pool.yaml")
		},
		func(dir string, n int) { write(filepath.Join(dir, "elsewhere", "pool.yaml"), n) },
	}

	removedAndPutBack = style{
		func(dir string) (string, string) {
			write(filepath.Join(dir, "pools", "pool.yaml"), 0)
			return filepath.Join(dir, "pools"), filepath.Join(dir, "pools", "pool.yaml")
		},
		func(dir string, n int) {
			Expect(os.RemoveAll(filepath.Join(dir, "pools"))).To(Succeed())
			write(filepath.Join(dir, "pools", "pool.yaml"), n)
		},
	}

	movedAndPutBack = style{
		removedAndPutBack.prepare,
		func(dir string, n int) {
			rename(filepath.Join(dir, "pools"), filepath.Join(dir, "old"))
			Expect(os.RemoveAll(filepath.Join(dir, "old"))).To(Succeed())
			write(filepath.Join(dir, "pools", "pool.yaml"), n)
		},
	}

	notThereYet = style{
		func(dir string) (string, string) {
			file := filepath.Join(dir, "not", "there", "yet", "pool.yaml")
			return file, file
		},
		func(dir string, n int) { write(filepath.Join(dir, "not", "there", "yet", "pool.yaml"), n) },
	}
)

var _ = DescribeTable("Watch sees, the first time and the second,", func(ctx SpecContext, s style) {
	dir := GinkgoT().TempDir()
	watched, file := s.prepare(dir)
	changes, err := watch.Watch(ctx, watched, watch.Options{Resync: time.Hour, Log: GinkgoLogr})
	Expect(err).NotTo(HaveOccurred())
	for n := 1; n <= 2; n++ {
		Consistently(changes, "250ms").ShouldNot(Receive(), "it is told once, and not again")
		s.edit(dir, n)
		edited := time.Now()
		Eventually(reader(changes, file), "10s", "1ms").Should(Equal(text(n)))
		AddReportEntry(fmt.Sprintf("edit %d seen after", n), time.Since(edited).Round(time.Millisecond).String())
	}
},
	Entry("a write in place", inPlace),
	Entry("a write to another file that is renamed", writeAndRename),
	Entry("vim's backup: rename away, create, write, remove", vimBackup),
	Entry("sed -i", sedInPlace),
	Entry("a git checkout", gitCheckout),
	Entry("a ..data swap, watching the directory", configMap),
	Entry("a ..data swap, watching the file", configMapFile),
	Entry("a swap of the link `current`, two levels above", currentLink),
	Entry("a write to a file that a link in the directory leads to", linkedFile),
	Entry("a directory removed and put back", removedAndPutBack),
	Entry("a directory moved away, removed and put back", movedAndPutBack),
	Entry("a file in a directory that does not exist at first", notThereYet),
)

// reader is what a reader knows who reads the file only when told to.
func reader(changes <-chan struct{}, file string) func() string {
	known := "nothing"
	return func() string {
		select {
		case <-changes:
			data, _ := os.ReadFile(file)
			known = string(data)
		default:
		}
		return known
	}
}
