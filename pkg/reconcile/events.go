package reconcile

import (
	"sync"
	"time"
)

// Event types, as kubectl has them.
const (
	EventNormal  = "Normal"
	EventWarning = "Warning"
)

// Event is one thing that happened, for people.
type Event struct {
	Time    time.Time `json:"time"`
	Pool    string    `json:"pool"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Object  string    `json:"object"`
	Message string    `json:"message"`
}

// maxEvents is how many events are kept.
const maxEvents = 1000

// Events keeps the latest events in memory. The zero value is ready to use.
type Events struct {
	mu        sync.Mutex
	events    []Event
	listeners map[chan Event]bool
}

// Add keeps an event and passes it on. A listener that does not keep up misses
// events; it never holds up the caller.
func (e *Events) Add(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, event)
	e.events = e.events[max(0, len(e.events)-maxEvents):]
	for listener := range e.listeners {
		select {
		case listener <- event:
		default:
		}
	}
}

// List returns the events kept, oldest first; those of one pool, or all for "".
func (e *Events) List(pool string) []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []Event
	for _, event := range e.events {
		if pool == "" || event.Pool == pool {
			out = append(out, event)
		}
	}
	return out
}

// Listen passes on events from now on. The caller calls stop when it is done.
func (e *Events) Listen() (events <-chan Event, stop func()) {
	listener := make(chan Event, 256)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.listeners == nil {
		e.listeners = map[chan Event]bool{}
	}
	e.listeners[listener] = true
	return listener, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.listeners, listener)
	}
}
