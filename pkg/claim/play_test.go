package claim_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime/fake"
)

// once fails the first call of a method.
func once(method string, err error) func(fake.Call) error {
	var first sync.Once
	return func(c fake.Call) (failure error) {
		if c.Method == method {
			first.Do(func() { failure = err })
		}
		return failure
	}
}

// swallow plays a command that reads all its input and is content.
func swallow(_ context.Context, p *fake.Process) int {
	_, _ = io.Copy(io.Discard, p.Stdin)
	return 0
}

func copyAll(to io.Writer, from io.Reader) (int64, error) { return io.Copy(to, from) }

// parked is a call that does not go on: as far as a controller that crashes there had
// come.
type parked struct {
	arrived chan struct{}
	goOn    chan error
	taken   atomic.Bool
}

func park() *parked {
	p := &parked{arrived: make(chan struct{}), goOn: make(chan error)}
	DeferCleanup(func() { close(p.goOn) })
	return p
}

// wait parks the first who comes.
func (p *parked) wait() error {
	if !p.taken.CompareAndSwap(false, true) {
		return nil
	}
	close(p.arrived)
	return <-p.goOn
}

// at parks the first call of a method.
func (p *parked) at(method string) func(fake.Call) error {
	return func(c fake.Call) error {
		if c.Method == method && (strings.Contains(c.Name, "hal-dev-") || strings.HasPrefix(c.Name, "0")) {
			return p.wait()
		}
		return nil
	}
}

// listing parks a pass that has just listed what the engine has.
func (w *world) listing() *parked {
	GinkgoHelper()
	host := park()
	w.engine.Fail(func(c fake.Call) error {
		if c.Method == "host" { // what a pass asks last
			return host.wait()
		}
		return nil
	})
	w.engine.AddImage("other:1") // an event, and so a pass
	Eventually(host.arrived).WithTimeout(soon).Should(BeClosed())
	return host
}

// everything is all that the engine, the disk and the calls say.
func (w *world) everything() string {
	GinkgoHelper()
	all, err := json.Marshal(w.engine.Snapshot())
	Expect(err).NotTo(HaveOccurred())
	text := string(all) + strings.Join(w.engine.Calls(), "\n") + strings.Join(w.told("Claimed"), "\n")
	Expect(filepath.WalkDir(w.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		text += string(content)
		return err
	})).To(Succeed())
	return text
}
