package fake

import (
	"context"
	"sync"

	"hal-controller/pkg/runtime"
)

// subscriber is one stream of events. It holds any number of them: a slow
// reader loses none and holds nobody up.
type subscriber struct {
	mu    sync.Mutex
	queue []runtime.Event
	err   error
	wake  chan struct{}
}

func (s *subscriber) add(e runtime.Event) {
	s.mu.Lock()
	s.queue = append(s.queue, e)
	s.mu.Unlock()
	s.signal()
}

func (s *subscriber) end(err error) {
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	s.signal()
}

func (s *subscriber) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscriber) take() ([]runtime.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.queue
	s.queue = nil
	return queue, s.err
}

// Events implements runtime.Runtime.
func (r *Runtime) Events(ctx context.Context, opened func(), each func(runtime.Event)) error {
	s := &subscriber{wake: make(chan struct{}, 1)}
	err := r.do(ctx, Call{Method: "events"}, func() error {
		r.subscribers[s] = true
		return nil
	})
	defer r.unsubscribe(s)
	if err != nil {
		return err
	}
	if opened != nil {
		opened()
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
		events, err := s.take()
		for _, e := range events {
			each(e)
		}
		if err != nil {
			return err
		}
	}
}

func (r *Runtime) unsubscribe(s *subscriber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.subscribers, s)
}

// EndEvents ends all event streams with an error, as an engine that restarts does.
func (r *Runtime) EndEvents(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.subscribers {
		s.end(err)
	}
	clear(r.subscribers)
}

// emit tells the subscribers; events about what is foreign are not for them.
func (r *Runtime) emit(e runtime.Event) {
	if e.Kind != runtime.EventImage && e.Pool == "" {
		return
	}
	for s := range r.subscribers {
		s.add(e)
	}
}

func (c *container) event(action string) runtime.Event {
	return runtime.Event{Kind: runtime.EventContainer, Action: action, ID: c.ID, Pool: c.Owner.Pool}
}
