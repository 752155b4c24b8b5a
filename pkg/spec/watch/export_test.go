package watch

import (
	"time"

	"github.com/fsnotify/fsnotify"
)

// Opening sets how inotify is opened, which a test can make fail.
func (o Options) Opening(open func() (*fsnotify.Watcher, error)) Options {
	o.open = open
	return o
}

var Places = places

type Debounce = debounce

func NewDebounce(quiet, longest time.Duration) *Debounce {
	return &debounce{quiet: quiet, longest: longest}
}

func (d *debounce) Wait(now time.Time) time.Duration { return d.wait(now) }
func (d *debounce) Reset()                           { d.reset() }
