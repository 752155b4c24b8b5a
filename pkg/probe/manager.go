package probe

import (
	"context"
	"reflect"
	"sync"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
)

// Manager probes containers. Make one with NewManager.
type Manager struct {
	runtime runtime.Containers
	changed func(pool string)
	execs   chan struct{}
	ctx     context.Context
	running sync.WaitGroup

	mu    sync.Mutex
	pools map[string]map[string]*prober
}

// NewManager makes a Manager that runs at most parallel commands at once and
// calls changed, from any goroutine, when a pool has a container whose health
// is another than before. It probes until ctx ends; Wait returns after that.
func NewManager(ctx context.Context, containers runtime.Containers, parallel int, changed func(pool string)) *Manager {
	return &Manager{
		runtime: containers, changed: changed, execs: make(chan struct{}, max(1, parallel)), ctx: ctx,
		pools: map[string]map[string]*prober{},
	}
}

// Watch sets what is probed in a pool, replacing what was. A target that is
// probed already just goes on.
func (m *Manager) Watch(pool string, targets []reconcile.Target) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.pools[pool]
	now := map[string]*prober{}
	for _, t := range targets {
		if p := before[t.ID]; p != nil && reflect.DeepEqual(p.target, t) {
			now[t.ID] = p
			delete(before, t.ID)
			continue
		}
		now[t.ID] = m.start(pool, t)
	}
	for _, p := range before {
		p.stop()
	}
	m.pools[pool] = now
	if len(now) == 0 {
		delete(m.pools, pool)
	}
}

func (m *Manager) start(pool string, t reconcile.Target) *prober {
	ctx, cancel := context.WithCancel(m.ctx)
	p := &prober{
		target: t, try: m.tryOf(t), stop: cancel,
		exec:    m.exec,
		changed: func() { m.changed(pool) },
		health:  reconcile.Health{State: reconcile.HealthStarting, Since: time.Now()},
	}
	m.running.Add(1)
	go func() {
		defer m.running.Done()
		p.run(ctx)
	}()
	return p
}

// Health returns what probing has found in a pool, by container id.
func (m *Manager) Health(pool string) map[string]reconcile.Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]reconcile.Health{}
	for id, p := range m.pools[pool] {
		found[id] = p.Health()
	}
	return found
}

// Wait returns when all probing has ended, after the Manager's context has.
func (m *Manager) Wait() { m.running.Wait() }
