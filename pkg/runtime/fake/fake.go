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
	stored      map[string]image  // by id
	host        runtime.Host
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
	session    func(context.Context, *Process) int
	build      func(instruction string) (output string, err error)
}

// New makes an empty engine with 64 GiB of memory whose time is now.
func New(now func() time.Time) *Runtime {
	return &Runtime{
		now:         now,
		images:      map[string]string{},
		stored:      map[string]image{},
		host:        runtime.Host{Total: 64 << 30, Available: 64 << 30, CPUs: 8000},
		stubborn:    map[string]bool{},
		subscribers: map[*subscriber]bool{},
	}
}

// Host implements runtime.Runtime.
func (r *Runtime) Host(ctx context.Context) (host runtime.Host, err error) {
	err = r.do(ctx, Call{Method: "host"}, func() error {
		host = r.host
		return nil
	})
	return host, err
}

// SetHost sets what Host answers.
func (r *Runtime) SetHost(h runtime.Host) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.host = h
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
