package watch

import "time"

// debounce turns a burst of events into one: it waits until it is quiet, but no
// longer than longest after the first, so that constant writing cannot put it off
// for ever.
type debounce struct {
	quiet, longest time.Duration
	first          time.Time
}

// wait is how long to wait after an event at now; another event asks again.
func (d *debounce) wait(now time.Time) time.Duration {
	if d.first.IsZero() {
		d.first = now
	}
	return max(0, min(d.quiet, d.first.Add(d.longest).Sub(now)))
}

// reset ends the burst.
func (d *debounce) reset() { d.first = time.Time{} }
