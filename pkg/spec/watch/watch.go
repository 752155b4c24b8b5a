package watch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
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
	w := &watcher{Options: options.withDefaults(), path: absolute}
	w.rewatch()
	changes := make(chan struct{}, 1)
	go w.run(ctx, changes)
	return changes, nil
}

// watcher is used by one goroutine.
type watcher struct {
	Options
	path   string
	notify *fsnotify.Watcher // nil while there can be none
	told   string            // the failure that was logged last
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
		events, failures := w.channels()
		select {
		case <-ctx.Done():
			return
		case <-events:
			settled.Reset(d.wait(time.Now()))
			continue
		case err := <-failures:
			// After an overflow, as after any error, what happened is unknown.
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				w.Log.Error(err, "watching manifests", "path", w.path)
			}
			settled.Reset(d.wait(time.Now()))
			continue
		case <-settled.C:
		case <-resync.C:
		}
		d.reset()
		w.rewatch() // before telling, so that what comes after the reading is seen
		select {
		case changes <- struct{}{}:
		default:
		}
	}
}

// channels are those of the watcher; nil ones, which never have anything, while
// there is none.
func (w *watcher) channels() (<-chan fsnotify.Event, <-chan error) {
	if w.notify == nil {
		return nil, nil
	}
	return w.notify.Events, w.notify.Errors
}

// Links that change while they are followed are followed again, this often.
const rewatchTries = 5

// rewatch watches the places that matter now, and no others.
func (w *watcher) rewatch() {
	if w.notify == nil {
		notify, err := w.open()
		if err != nil {
			w.report(fmt.Errorf("%w; raise fs.inotify.max_user_instances", err))
			return
		}
		w.notify = notify
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
}
