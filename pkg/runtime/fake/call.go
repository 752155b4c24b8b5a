package fake

import (
	"context"
	"slices"
	"strings"
)

// Call is one call of a method of runtime.Runtime.
type Call struct {
	// Method is what is done, in words: "create", "start", "create network".
	Method string
	// Name of the object, or of the pool for a listing. An id that is not
	// known stands for itself.
	Name string
	// ID of the container, where the call gives one.
	ID string
	// Detail is a new name, or the words of a command.
	Detail string
}

// String is the method, the name and the detail: "rename hal-dev-0 hal-dev-0.x".
func (c Call) String() string {
	var words []string
	for _, word := range []string{c.Method, c.Name, c.Detail} {
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// changing are the methods that change the engine.
var changing = []string{
	"create", "start", "stop", "remove", "update", "rename",
	"create network", "remove network", "create volume", "remove volume", "import pause",
	"build image", "tag image", "discard image",
}

// Calls is the history of calls as text, failed ones included: "create hal-dev-0".
func (r *Runtime) Calls() []string {
	return r.history(func(Call) bool { return true })
}

// Changes is the part of the history that was meant to change the engine.
func (r *Runtime) Changes() []string {
	return r.history(func(c Call) bool { return slices.Contains(changing, c.Method) })
}

func (r *Runtime) history(wanted func(Call) bool) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := []string{}
	for _, c := range r.calls {
		if wanted(c) {
			lines = append(lines, c.String())
		}
	}
	return lines
}

// Count is how many calls of a method the history has.
func (r *Runtime) Count(method string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.calls {
		if c.Method == method {
			n++
		}
	}
	return n
}

// ResetCalls empties the history.
func (r *Runtime) ResetCalls() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = nil
}

// Fail sets what is asked before each call: on an error the call is not done
// and returns it. Nil ends it.
func (r *Runtime) Fail(hook func(Call) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks.fail = hook
}

// LoseReply sets what is asked after each call that was done: on an error the
// caller gets that in place of the result. Nil ends it.
func (r *Runtime) LoseReply(hook func(Call) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hooks.loseReply = hook
}

// do makes one call: recorded, failed by the hooks, and its effect under the lock.
func (r *Runtime) do(ctx context.Context, call Call, effect func() error) error {
	if err := r.begin(ctx, call); err != nil {
		return err
	}
	loseReply, err := r.apply(effect)
	if err == nil && loseReply != nil {
		err = loseReply(call)
	}
	return err
}

func (r *Runtime) apply(effect func() error) (loseReply func(Call) error, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down { // since the call began
		return nil, unavailable()
	}
	err = effect()
	return r.hooks.loseReply, err
}

func (r *Runtime) begin(ctx context.Context, call Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	r.calls = append(r.calls, call)
	down, fail := r.down, r.hooks.fail
	r.mu.Unlock()
	if down {
		return unavailable()
	}
	if fail != nil {
		return fail(call)
	}
	return nil
}

// on is the call of a method on a container.
func (r *Runtime) on(method, id string) Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	call := Call{Method: method, ID: id, Name: id}
	if c, err := r.find(id); err == nil {
		call.Name = c.Name
	}
	return call
}
