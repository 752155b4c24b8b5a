package fake

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hal-controller/pkg/runtime"
)

var _ runtime.Runtime = (*Runtime)(nil)

// Runtime is a runtime.Runtime in memory, of one instance, with what is foreign
// to it beside. It is safe for concurrent use.
type Runtime struct {
	now func() time.Time

	mu          sync.Mutex
	lastID      int
	containers  []*container // oldest first
	networks    []*network
	volumes     []*volume
	images      map[string]string // id by reference
	memory      runtime.Memory
	stubborn    map[string]bool
	subscribers map[*subscriber]bool
	down        bool
	calls       []Call
	hooks       hooks
}

// hooks are what tests plug in. Each is called with no lock held, possibly by
// several goroutines at once.
type hooks struct {
	fail       func(Call) error
	loseReply  func(Call) error
	startExits func(runtime.ContainerSpec) (exitCode int, exits bool)
	exec       func(runtime.Container, []string) runtime.ExecResult
}

// New makes an empty engine with 64 GiB of memory whose time is now.
func New(now func() time.Time) *Runtime {
	return &Runtime{
		now:         now,
		images:      map[string]string{},
		memory:      runtime.Memory{Total: 64 << 30, Available: 64 << 30},
		stubborn:    map[string]bool{},
		subscribers: map[*subscriber]bool{},
	}
}

// Memory implements runtime.Runtime.
func (r *Runtime) Memory(ctx context.Context) (memory runtime.Memory, err error) {
	err = r.do(ctx, Call{Method: "memory"}, func() error {
		memory = r.memory
		return nil
	})
	return memory, err
}

// SetMemory sets what Memory answers.
func (r *Runtime) SetMemory(m runtime.Memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.memory = m
}

// Down takes the engine away, or brings it back with all it had: while it is
// down every call is ErrUnavailable, and event streams have ended.
func (r *Runtime) Down(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
	if down {
		for s := range r.subscribers {
			s.end(unavailable())
		}
		clear(r.subscribers)
	}
}

func unavailable() error {
	return fmt.Errorf("%w: the fake engine is down", runtime.ErrUnavailable)
}

// newID makes the next id: as long as Docker's, and told apart by its beginning.
func (r *Runtime) newID() string {
	r.lastID++
	return fmt.Sprintf("%012x%052x", r.lastID, r.lastID)
}
