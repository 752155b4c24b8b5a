package watch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-logr/logr"
)

// Options of Watch. The zero value has the defaults, and logs nothing.
type Options struct {
	// Debounce is how long it must be quiet after an event before it is told.
	// Default 100ms.
	Debounce time.Duration
	// MaxDelay is how long an event is held back when it does not get quiet.
	// Default 300ms.
	MaxDelay time.Duration
	// Resync is how often a change is told without any event. Default 30s.
	Resync time.Duration
	// Log is told when watching fails and only the resync tick is left.
	Log logr.Logger

	open func() (*fsnotify.Watcher, error)
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	set(&o.Debounce, 100*time.Millisecond)
	set(&o.MaxDelay, 300*time.Millisecond)
	set(&o.Resync, 30*time.Second)
	if o.open == nil {
		o.open = fsnotify.NewWatcher
	}
	return o
}

// Watch tells on a channel that the file or the directory at path may have
// changed: everything that happens after Watch has returned, whether path exists
// yet or not. Changes that are not received meanwhile are told once. The channel
// is closed when ctx has ended and nothing of the watcher is left.
//
// Where the system cannot watch, for want of inotify instances for one, that is
// logged and tried again; until then changes are told at each resync. An error is
// only about a path that means nothing.
func Watch(ctx context.Context, path string, options Options) (<-chan struct{}, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("watch %q: %w; give an absolute path", path, err)
	}
	w := &watcher{Options: options.withDefaults(), path: absolute, events: make(chan struct{}, 1)}
	w.rewatch()
	changes := make(chan struct{}, 1)
	go w.run(ctx, changes)
	return changes, nil
}

// watcher is used by one goroutine, but for what listens to notify.
type watcher struct {
	Options
	path      string
	events    chan struct{}     // has one when something happened
	notify    *fsnotify.Watcher // nil while there can be none
	listeners sync.WaitGroup
	told      string // the failure that was logged last
}

func (w *watcher) run(ctx context.Context, changes chan<- struct{}) {
	defer close(changes)
	defer w.close()
	resync := time.NewTicker(w.Resync)
	defer resync.Stop()
	settled := time.NewTimer(w.Resync)
	settled.Stop()
	d := debounce{quiet: w.Debounce, longest: w.MaxDelay}
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.events:
			settled.Reset(d.wait(time.Now()))
			continue
		case <-settled.C:
		case <-resync.C:
		}
		d.reset()
		w.rewatch() // before telling, so that what comes after the reading is seen
		signal(changes)
	}
}

// signal leaves word, once however often it is called before it is taken.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// listen takes what notify has at once, whatever else is going on: fsnotify may
// send an error while it holds the lock that adding a watch needs (v1.10.1).
func (w *watcher) listen() {
	w.listeners.Go(func() {
		for range w.notify.Events {
			signal(w.events)
		}
	})
	w.listeners.Go(func() {
		for err := range w.notify.Errors {
			// After an overflow, as after any error, what happened is unknown.
			w.Log.V(1).Info("events of manifests are lost; reading all", "path", w.path, "cause", err.Error())
			signal(w.events)
		}
	})
}

// Links that change while they are followed are followed again, this often.
const rewatchTries = 5

// rewatch watches the places that matter now, and no others.
func (w *watcher) rewatch() {
	if w.notify == nil {
		notify, err := w.open()
		if err != nil {
			w.report(explain(err))
			return
		}
		w.notify = notify
		w.listen()
	}
	var err error
	for range rewatchTries {
		wanted := places(w.path)
		err = w.watch(wanted)
		if slices.Equal(wanted, places(w.path)) {
			break
		}
	}
	w.report(err)
}

// watch sets every watch anew: that of a path may be on a directory that is no
// longer the one there.
func (w *watcher) watch(wanted []string) error {
	for _, dir := range w.notify.WatchList() {
		_ = w.notify.Remove(dir) // an error says that it is gone already
	}
	var errs []error
	for _, dir := range wanted {
		if err := w.notify.Add(dir); err != nil {
			errs = append(errs, fmt.Errorf("watch %s: %w", dir, explain(err)))
		}
	}
	return errors.Join(errs...)
}

// report logs a failure when it begins, when it becomes another and when it ends.
func (w *watcher) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == w.told {
		return
	}
	w.told = text
	if err != nil {
		w.Log.Error(err, "changes of manifests are seen only at each resync", "path", w.path, "resync", w.Resync.String())
		return
	}
	w.Log.Info("changes of manifests are seen at once again", "path", w.path)
}

func (w *watcher) close() {
	if w.notify != nil {
		_ = w.notify.Close()
	}
	w.listeners.Wait()
}

// explain adds the way out to what the system says of its limits.
func explain(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w; raise fs.inotify.max_user_instances, or the limit of open files", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w; raise fs.inotify.max_user_watches", err)
	default:
		return err
	}
}
