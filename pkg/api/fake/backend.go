package fake

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"hal-controller/pkg/api"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	fakeruntime "hal-controller/pkg/runtime/fake"
	"hal-controller/pkg/spec"
)

// Backend implements api.Backend. The zero value has no pools. It is safe for
// concurrent use.
type Backend struct {
	events reconcile.Events

	mu     sync.Mutex
	pools  []spec.Pool
	logs   map[string]string
	calls  []string
	err    error
	claims []api.Claim
	places []int
	no     error // to whoever wants to change pools
	// rescued are the directories of what was rescued, by claim.
	rescued map[string]string
	play    func(ctx context.Context, claim string, p *fakeruntime.Process) int
}

// SetPools replaces the pools, and makes no event of it.
func (b *Backend) SetPools(pools ...spec.Pool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pools = slices.Clone(pools)
}

// SetLogs gives a container its output.
func (b *Backend) SetLogs(container, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.logs == nil {
		b.logs = map[string]string{}
	}
	b.logs[container] = text
}

// Fail has every change answered with err from now on; nil ends that.
func (b *Backend) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// Calls are the changes that were asked for, as "scale dev 5".
func (b *Backend) Calls() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

// Info says who answers.
func (b *Backend) Info() api.Info {
	return api.Info{Version: "fake", PID: 1, Instance: "default", Source: "pool.yaml", Engine: "none"}
}

// Pools are those of SetPools.
func (b *Backend) Pools() []spec.Pool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.pools)
}

// Events keeps what the specs add to it.
func (b *Backend) Events() *reconcile.Events { return &b.events }

// Refuse has nobody change pools from now on; nil: everybody may again.
func (b *Backend) Refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.no = err
}

// Manage refuses what Refuse has said.
func (b *Backend) Manage(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.no
}

// Reconcile only remembers that it was asked.
func (b *Backend) Reconcile(pool string) error {
	return b.change(pool, "reconcile "+pool, func(*spec.Pool) {})
}

// Rollout only remembers that it was asked.
func (b *Backend) Rollout(pool string, action api.RolloutAction) error {
	return b.change(pool, fmt.Sprintf("rollout %s %s", pool, action), func(*spec.Pool) {})
}

// Scale sets spec.workers.warm.
func (b *Backend) Scale(pool string, warm int) error {
	return b.change(pool, fmt.Sprintf("scale %s %d", pool, warm), func(p *spec.Pool) { p.Spec.Workers.Warm = warm })
}

// Suspend sets spec.suspend.
func (b *Backend) Suspend(pool string, suspend bool) error {
	return b.change(pool, fmt.Sprintf("suspend %s %v", pool, suspend), func(p *spec.Pool) { p.Spec.Suspend = suspend })
}

// Apply says of each pool of the manifest that it is created, and creates none.
func (b *Backend) Apply(manifest []byte, dryRun bool) ([]api.Applied, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, fmt.Sprintf("apply dryRun=%v %s", dryRun, manifest))
	if b.err != nil {
		return nil, b.err
	}
	var applied []api.Applied
	for line := range strings.Lines(string(manifest)) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "name: "); found {
			applied = append(applied, api.Applied{Name: name, Result: "created", File: name + ".yaml", Generation: 1})
		}
	}
	return applied, nil
}

// Delete drops the pool.
func (b *Backend) Delete(pool string) error {
	if err := b.change(pool, "delete "+pool, func(*spec.Pool) {}); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pools = slices.DeleteFunc(b.pools, func(p spec.Pool) bool { return p.Metadata.Name == pool })
	return nil
}

// Logs is what SetLogs gave the container. Followed, it ends with ctx.
func (b *Backend) Logs(ctx context.Context, container string, tail int, follow bool) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, found := b.logs[container]
	if !found {
		return nil, fmt.Errorf("open the logs of %q: %w", container, runtime.ErrNotFound)
	}
	lines := slices.Collect(strings.Lines(text))
	if tail >= 0 {
		lines = lines[max(0, len(lines)-tail):]
	}
	var logs io.Reader = strings.NewReader(strings.Join(lines, ""))
	if follow {
		logs = io.MultiReader(logs, untilDone{ctx})
	}
	return io.NopCloser(logs), nil
}

// OnSession sets what plays the commands of claims, and returns their exit codes.
// Before it, there is no claim.
func (b *Backend) OnSession(play func(ctx context.Context, claim string, p *fakeruntime.Process) int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.play = play
}

// Session is what OnSession's hook plays.
func (b *Backend) Session(_ context.Context, claim string, request api.SessionRequest) (runtime.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	play := b.play
	switch {
	case b.err != nil:
		return nil, b.err
	case play == nil:
		return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no claim %q", claim)}
	}
	return fakeruntime.Play(request.Spec(), func(ctx context.Context, p *fakeruntime.Process) int {
		return play(ctx, claim, p)
	}), nil
}

// untilDone has nothing to read, and ends with its context.
type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

func (b *Backend) change(pool, call string, change func(*spec.Pool)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, call)
	if b.err != nil {
		return b.err
	}
	var names []string
	for i := range b.pools {
		if b.pools[i].Metadata.Name == pool {
			change(&b.pools[i])
			return nil
		}
		names = append(names, b.pools[i].Metadata.Name)
	}
	return api.NoPool(pool, names)
}
