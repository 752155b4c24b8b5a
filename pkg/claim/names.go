package claim

import (
	"context"
	"sync"
)

// names are the claims that something is being done about: each is made, extended,
// started again and released by one at a time.
type names struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when the name is free again
}

// try takes a name. Where another has it there is no free, and held is closed when
// that one is done.
func (n *names) try(name string) (free func(), held <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if held, under := n.held[name]; under {
		return nil, held
	}
	if n.held == nil {
		n.held = map[string]chan struct{}{}
	}
	ended := make(chan struct{})
	n.held[name] = ended
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.held, name)
		close(ended)
	}, nil
}

// hold takes a name, and waits for it until ctx ends.
func (n *names) hold(ctx context.Context, name string) (free func(), err error) {
	for {
		free, held := n.try(name)
		if free != nil {
			return free, nil
		}
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
