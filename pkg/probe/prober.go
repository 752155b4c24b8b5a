package probe

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

const (
	// settledExecPeriod is how often a ready container is asked by a command:
	// starting a process in a container costs the engine tens of milliseconds
	// of CPU, which at 50 workers and every second would be all of it.
	settledExecPeriod = 30 * time.Second
	// firstTry is the wait after the first try that fails; it grows to the
	// probe's period, so that what starts fast is seen fast.
	firstTry = 20 * time.Millisecond
	// lastTry is the longest wait between tries of a warm-up that the engine did not
	// run.
	lastTry = time.Second
)

// try is one attempt of a probe, which takes no longer than timeout; nil is
// success. What it waits for before it begins is not part of its time.
type try func(ctx context.Context, timeout time.Duration) error

// prober probes one container, from its start to its end.
type prober struct {
	target  reconcile.Target
	try     try
	exec    func(ctx context.Context, id string, command []string, timeout time.Duration) error
	stop    context.CancelFunc
	changed func()

	mu     sync.Mutex
	health reconcile.Health
}

// Health is the latest finding.
func (p *prober) Health() reconcile.Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.health
}

func (p *prober) run(ctx context.Context) {
	if !p.warmUp(ctx) {
		return
	}
	if p.target.Readiness == nil {
		p.set(ctx, reconcile.HealthReady, "")
		return
	}
	p.watch(ctx, *p.target.Readiness)
}

// warmUp says whether probing can go on. A worker that did not warm up has
// failed for good: it will be replaced. Where the engine could not run the command,
// or did not tell how it ended, it is run again.
func (p *prober) warmUp(ctx context.Context) bool {
	w := p.target.Warmup
	if w == nil {
		return true
	}
	for delay := firstTry; ; delay = min(2*delay, lastTry) {
		err := p.exec(ctx, p.target.ID, w.Exec, time.Duration(w.Timeout))
		if err == nil {
			return ctx.Err() == nil
		}
		message := fmt.Sprintf("warm-up: %v", err)
		if !unasked(err) {
			p.set(ctx, reconcile.HealthFailed, message)
			return false
		}
		p.set(ctx, reconcile.HealthStarting, message)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(delay):
		}
	}
}

func (p *prober) watch(ctx context.Context, probe spec.Probe) {
	failures := 0
	started := time.Now()
	delay := min(firstTry, time.Duration(probe.Period))
	for {
		err := p.try(ctx, time.Duration(probe.Timeout))
		if ctx.Err() != nil {
			return
		}
		switch {
		case err == nil:
			failures = 0
			p.set(ctx, reconcile.HealthReady, "")
			delay = settledPeriod(probe)
		case unasked(err):
			p.set(ctx, p.Health().State, err.Error())
			delay = min(2*delay, time.Duration(probe.Period))
		default:
			failures++
			p.failed(ctx, probe, failures, started, err)
			delay = min(2*delay, time.Duration(probe.Period))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

// failed decides what a failed try means. A container that was never ready has
// until its startup timeout; one that was is unready after failureThreshold
// failures in a row.
func (p *prober) failed(ctx context.Context, probe spec.Probe, failures int, started time.Time, err error) {
	switch state := p.Health().State; state {
	case reconcile.HealthStarting:
		if failures >= probe.FailureThreshold && time.Since(started) >= time.Duration(probe.StartupTimeout) {
			p.set(ctx, reconcile.HealthFailed, fmt.Sprintf("not ready within %s: %v", probe.StartupTimeout, err))
			return
		}
		p.set(ctx, state, err.Error())
	case reconcile.HealthReady:
		if failures >= probe.FailureThreshold {
			p.set(ctx, reconcile.HealthUnready, err.Error())
		}
	default:
		p.set(ctx, state, err.Error())
	}
}

// set keeps a finding, and says so when it is the first one, or the state is
// another than before.
func (p *prober) set(ctx context.Context, state reconcile.HealthState, message string) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	changed := p.health.State != state || !p.health.Tried
	p.health.Tried = true
	if p.health.State != state {
		p.health.State, p.health.Since = state, time.Now()
	}
	p.health.Message = message
	p.mu.Unlock()
	if changed {
		p.changed()
	}
}

func settledPeriod(probe spec.Probe) time.Duration {
	period := time.Duration(probe.Period)
	if len(probe.Exec) > 0 {
		return max(period, settledExecPeriod)
	}
	return period
}
