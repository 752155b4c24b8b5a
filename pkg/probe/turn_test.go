package probe_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"

	"hal-controller/pkg/probe"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

func TestTimeOfACommandBeginsWithItsTurn(t *testing.T) {
	engine := &execs{answer: func(ctx context.Context, _ []string) (runtime.ExecResult, error) {
		select {
		case <-ctx.Done():
			return runtime.ExecResult{}, ctx.Err()
		case <-time.After(2 * time.Second):
			return runtime.ExecResult{}, nil
		}
	}}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) { // four at once
		var targets []reconcile.Target
		for i := range 50 {
			targets = append(targets, reconcile.Target{
				ID: fmt.Sprint(i), Warmup: &spec.Warmup{Exec: []string{"warm"}, Timeout: spec.Duration(20 * time.Second)},
			})
		}
		m.Watch("dev", targets)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, h := range m.Health("dev") {
			g.Expect(h.State).To(Equal(reconcile.HealthReady), h.Message)
		}
	})
}

func TestHealthSaysWhetherAContainerHasBeenAsked(t *testing.T) {
	hung := make(chan struct{})
	engine := &execs{answer: func(context.Context, []string) (runtime.ExecResult, error) {
		<-hung
		return runtime.ExecResult{ExitCode: 1}, nil
	}}
	inBubble(t, engine, func(g *WithT, m *probe.Manager) {
		hung = make(chan struct{})
		m.Watch("dev", []reconcile.Target{{ID: "id", Readiness: readiness(exec)}})
		g.Expect(health(m).Tried).To(BeFalse())
		close(hung)
		g.Expect(health(m).Tried).To(BeTrue())
	})
}
