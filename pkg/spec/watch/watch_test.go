package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"

	"hal-controller/pkg/spec/watch"
)

const never = time.Hour

var _ = Describe("Watch", func() {
	var dir string

	BeforeEach(func() { dir = GinkgoT().TempDir() })

	It("says nothing while nothing happens", func(ctx SpecContext) {
		changes, err := watch.Watch(ctx, dir, watch.Options{Resync: never})
		Expect(err).NotTo(HaveOccurred())
		Consistently(changes, "300ms").ShouldNot(Receive())
	})

	It("says nothing of what a link led to before", func(ctx SpecContext) {
		pools, _ := currentLink.prepare(dir)
		changes, err := watch.Watch(ctx, pools, watch.Options{Resync: never})
		Expect(err).NotTo(HaveOccurred())
		currentLink.edit(dir, 1)
		Eventually(changes, "10s").Should(Receive())
		write(filepath.Join(dir, "releases", "0", "deploy", "pools", "pool.yaml"), 2)
		Consistently(changes, "300ms").ShouldNot(Receive())
	})

	It("tells many changes once when nobody listens", func(ctx SpecContext) {
		changes, err := watch.Watch(ctx, dir, watch.Options{Resync: never, Debounce: time.Millisecond, MaxDelay: time.Millisecond})
		Expect(err).NotTo(HaveOccurred())
		for n := range 50 {
			write(filepath.Join(dir, "pool.yaml"), n)
		}
		Eventually(changes, "10s").Should(Receive())
	})

	It("tells in time of writing that never ends", func(ctx SpecContext) {
		changes, err := watch.Watch(ctx, dir, watch.Options{Resync: never, Debounce: time.Minute, MaxDelay: 20 * time.Millisecond})
		Expect(err).NotTo(HaveOccurred())
		stop := make(chan struct{})
		stopped := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(stopped)
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					write(filepath.Join(dir, "pool.yaml"), n)
				}
			}
		}()
		for range 3 {
			Eventually(changes, "10s").Should(Receive())
		}
		close(stop)
		Eventually(stopped, "10s").Should(BeClosed())
	})

	It("tells at each resync without any event", func(ctx SpecContext) {
		changes, err := watch.Watch(ctx, dir, watch.Options{Resync: 10 * time.Millisecond})
		Expect(err).NotTo(HaveOccurred())
		for range 3 {
			Eventually(changes, "10s").Should(Receive())
		}
	})

	It("finds at a resync a directory that was put in place unseen", func(ctx SpecContext) {
		pools := filepath.Join(dir, "above", "pools")
		write(filepath.Join(pools, "pool.yaml"), 0)
		changes, err := watch.Watch(ctx, pools, watch.Options{Resync: 50 * time.Millisecond, Log: GinkgoLogr})
		Expect(err).NotTo(HaveOccurred())
		rename(filepath.Join(dir, "above"), filepath.Join(dir, "old"))
		write(filepath.Join(pools, "pool.yaml"), 1)
		Eventually(reader(changes, filepath.Join(pools, "pool.yaml")), "10s", "1ms").Should(Equal(text(1)))
	})

	It("takes an overflow of the event queue for a change", func(ctx SpecContext) {
		var notify *fsnotify.Watcher
		options := watch.Options{Resync: never}.Opening(func() (w *fsnotify.Watcher, err error) {
			notify, err = fsnotify.NewWatcher()
			return notify, err
		})
		changes, err := watch.Watch(ctx, dir, options)
		Expect(err).NotTo(HaveOccurred())
		notify.Errors <- fsnotify.ErrEventOverflow
		Eventually(changes, "10s").Should(Receive())
	})

	It("ends with its context and leaves no goroutine", func(ctx SpecContext) {
		before := gleak.Goroutines()
		ctx2, cancel := context.WithCancel(ctx)
		changes, err := watch.Watch(ctx2, dir, watch.Options{Resync: never})
		Expect(err).NotTo(HaveOccurred())
		cancel()
		Eventually(changes, "10s").Should(BeClosed())
		Eventually(gleak.Goroutines, "10s").ShouldNot(gleak.HaveLeaked(before))
	})

	Describe("without inotify instances", func() {
		var (
			exhausted atomic.Bool
			messages  *log
			options   watch.Options
		)

		BeforeEach(func() {
			exhausted.Store(true)
			messages = &log{lines: make(chan string, 100)}
			options = watch.Options{Log: funcr.New(messages.add, funcr.Options{})}.Opening(func() (*fsnotify.Watcher, error) {
				if exhausted.Load() {
					return nil, syscall.EMFILE
				}
				return fsnotify.NewWatcher()
			})
		})

		It("still tells at each resync, and logs why that is all, once", func(ctx SpecContext) {
			options.Resync = 10 * time.Millisecond
			changes, err := watch.Watch(ctx, dir, options)
			Expect(err).NotTo(HaveOccurred())
			for range 3 {
				Eventually(changes, "10s").Should(Receive())
			}
			Expect(messages.lines).To(Receive(And(
				ContainSubstring("only at each resync"), ContainSubstring("raise fs.inotify.max_user_instances"))))
			Expect(messages.lines).NotTo(Receive())
		})

		It("watches again when there are some, and says so", func(ctx SpecContext) {
			options.Resync = 10 * time.Millisecond
			_, err := watch.Watch(ctx, dir, options)
			Expect(err).NotTo(HaveOccurred())
			Eventually(messages.lines, "10s").Should(Receive(ContainSubstring("only at each resync")))
			exhausted.Store(false)
			Eventually(messages.lines, "10s").Should(Receive(ContainSubstring("seen at once again")))
		})
	})
})

type log struct{ lines chan string }

func (l *log) add(prefix, args string) { l.lines <- prefix + args }

var _ = Describe("The places that are watched", func() {
	var dir string

	BeforeEach(func() {
		var err error
		dir, err = filepath.EvalSymlinks(GinkgoT().TempDir())
		Expect(err).NotTo(HaveOccurred())
	})

	within := func(list []string) string { return strings.ReplaceAll(strings.Join(list, " "), dir, "") }

	DescribeTable("are", func(prepare func(), path, wanted string) {
		prepare()
		Expect(within(watch.Places(filepath.Join(dir, path)))).To(Equal(wanted))
	},
		Entry("of a file, its directory", func() { write(dir+"/a/pool.yaml", 0) }, "a/pool.yaml", "/a"),
		Entry("of a directory, itself", func() { write(dir+"/a/pool.yaml", 0) }, "a", "/a"),
		Entry("of what is missing, the last directory that exists", func() { write(dir+"/a/x", 0) }, "a/b/c", "/a"),
		Entry("of what is missing below a file, that file's directory", func() { write(dir+"/a/b", 0) }, "a/b/c/d", "/a"),
		Entry("of a link to a link, each one's directory and the target's", func() {
			write(dir+"/c/pool.yaml", 0)
			write(dir+"/b/x", 0)
			write(dir+"/a/x", 0)
			swap("../b/two", dir+"/a/one")
			swap(dir+"/c/pool.yaml", dir+"/b/two")
		}, "a/one", "/a /b /c"),
		Entry("of a link to nowhere, its directory and the one where the target will be", func() {
			write(dir+"/a/x", 0)
			write(dir+"/b/x", 0)
			swap("../b/nowhere", dir+"/a/one")
		}, "a/one", "/a /b"),
		Entry("of links in a circle, their directories", func() {
			write(dir+"/a/x", 0)
			swap("two", dir+"/a/one")
			swap("one", dir+"/a/two")
		}, "a/one", "/a"),
		Entry("of a directory with a link to a directory, which is not entered, only itself", func() {
			write(dir+"/b/c/x", 0)
			Expect(os.Mkdir(dir+"/a", 0o755)).To(Succeed())
			swap("../b/c", dir+"/a/link")
		}, "a", "/a"),
	)
})

var _ = Describe("Debouncing", func() {
	at := func(milliseconds int) time.Time {
		return time.Unix(1, 0).Add(time.Duration(milliseconds) * time.Millisecond)
	}

	It("waits for quiet, but not longer than the bound after the first event", func() {
		d := watch.NewDebounce(100*time.Millisecond, 300*time.Millisecond)
		Expect(d.Wait(at(0))).To(Equal(100 * time.Millisecond))
		Expect(d.Wait(at(90))).To(Equal(100 * time.Millisecond))
		Expect(d.Wait(at(250))).To(Equal(50 * time.Millisecond))
		Expect(d.Wait(at(400))).To(BeZero())
	})

	It("begins anew after a burst", func() {
		d := watch.NewDebounce(100*time.Millisecond, 300*time.Millisecond)
		d.Wait(at(0))
		d.Reset()
		Expect(d.Wait(at(1000))).To(Equal(100 * time.Millisecond))
	})
})
