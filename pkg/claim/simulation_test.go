package claim_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hal-controller/pkg/claim"
	"hal-controller/pkg/spec"
)

const (
	// stepsAHistory is how many steps a history has, on average.
	stepsAHistory = 50
	// lives is how often a history is lived once one has broken a promise: what
	// goroutines do side by side is not the same each time.
	lives = 10
)

// TestSimulation lives random histories of claims, on an engine in memory and in time
// that takes none, and holds the controller to its promises after each step and at
// each call to the engine. A history that breaks one is shrunk to a short one, and
// its seed is printed: go test -run TestSimulation ./pkg/claim -rapid.seed=SEED
// lives it again. HAL_SIMULATION_STEPS is how many steps are taken in all.
func TestSimulation(outer *testing.T) {
	steps := 2_000
	if text := os.Getenv("HAL_SIMULATION_STEPS"); text != "" {
		var err error
		if steps, err = strconv.Atoi(text); err != nil {
			outer.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"rapid.steps": strconv.Itoa(stepsAHistory), "rapid.checks": strconv.Itoa(max(1, steps/stepsAHistory)),
		"rapid.nofailfile": "true", // the seed says it all
	} {
		if err := flag.Set(name, value); err != nil {
			outer.Fatal(err)
		}
	}
	taken, times := 0, 1
	rapid.Check(outer, func(t *rapid.T) {
		history := drawHistory(t)
		for range times {
			before := times
			times = lives // unless it comes to its end
			rapid.SyncTest(t, func(t *rapid.T) {
				if broken := live(t, history); broken != "" {
					if before == 1 {
						outer.Logf("first seen: %s", broken) // it may be seen no more
					}
					t.Log(broken)
					// In the same words for all: a history is shrunk for as long as it ends in these.
					t.Fatal("a promise is broken")
				}
			})
			times = before
			taken += len(history)
		}
	})
	outer.Logf("%d steps", taken)
}

// step is one thing that happens, in words.
type step struct {
	words string
	do    func(*simulation)
}

func drawHistory(t *rapid.T) (history []step) {
	actions := map[string]func(*rapid.T){}
	for name, draw := range map[string]func(*rapid.T) step{
		"claim": drawClaim, "claim once more": drawClaim, "go away": drawGoAway, "release": drawRelease, "extend": drawExtend,
		"time": drawTime, "more time": drawTime, "clock": drawClock, "call": drawMishap, "next call": drawMishap,
		"kill": drawKill, "remove": drawRemove, "edit": drawEdit,
		"controller": always("kill the controller", (*simulation).die),
		"engine":     always("engine away or back", func(s *simulation) { s.takeEngine(!s.down) }),
		"store":      always("store broken or mended", func(s *simulation) { s.breakStore(!s.broken) }),
		"rescue":     always("rescue impossible or possible", func(s *simulation) { s.unsavable.Store(!s.unsavable.Load()) }),
		"manifest":   always("manifest away or back", func(s *simulation) { s.undeclare(!s.away.Load()) }),
	} {
		actions[name] = func(t *rapid.T) { history = append(history, draw(t)) }
	}
	t.Repeat(actions)
	return history
}

// live lives a history, up to a breach.
func live(t *rapid.T, history []step) (broken breach) {
	s := simulate(t)
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case breach:
			broken = cause
		default:
			panic(cause)
		}
	}()
	for _, happen := range history {
		s.say("%s", happen.words)
		happen.do(s)
		s.judge()
	}
	s.settle()
	s.clear()
	return ""
}

func always(words string, do func(*simulation)) func(*rapid.T) step {
	return func(*rapid.T) step { return step{words, do} }
}

var (
	simulatedNames = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
	spells         = rapid.SampledFrom([]time.Duration{0, time.Millisecond, 4 * time.Millisecond, 20 * time.Millisecond, time.Second, 10 * time.Second, time.Minute})
)

// drawClaim begins a claim, which goes on beside the steps that follow.
func drawClaim(t *rapid.T) step {
	r := claim.Request{
		Name: simulatedNames.Draw(t, "name"), Pool: "dev",
		OnEmpty: rapid.SampledFrom([]spec.OnEmpty{"", spec.OnEmptyCold, spec.OnEmptyQueue, spec.OnEmptyFail}).Draw(t, "when empty"),
		TTL:     rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second, time.Minute}).Draw(t, "ttl"),
	}
	project := rapid.Bool().Draw(t, "project")
	if rapid.Bool().Draw(t, "variables") {
		r.Env = map[string]string{"A": "b"}
	}
	return step{fmt.Sprintf("claim %s, when empty %q, for %s, project %t, variables %v", r.Name, r.OnEmpty, r.TTL, project, r.Env), func(s *simulation) {
		if project {
			r.Project = s.project
		}
		s.begin(r)
	}}
}

// drawGoAway has one who waits for a claim interrupt it.
func drawGoAway(t *rapid.T) step {
	n := rapid.IntRange(0, 4).Draw(t, "who")
	return step{fmt.Sprintf("person %d goes away", n), func(s *simulation) {
		if people := s.asking(); len(people) > 0 {
			people[n%len(people)].leave()
		}
	}}
}

func drawRelease(t *rapid.T) step {
	name, discard := simulatedNames.Draw(t, "name"), rapid.Bool().Draw(t, "discard")
	return step{fmt.Sprintf("release %s, discard %t", name, discard), func(s *simulation) {
		s.letGo(name, claim.ReleaseOptions{Discard: discard})
	}}
}

func drawExtend(t *rapid.T) step {
	name := simulatedNames.Draw(t, "name")
	return step{"extend " + name, func(s *simulation) { s.prolong(name, 10*time.Second) }}
}

func drawTime(t *rapid.T) step {
	spell := spells.Draw(t, "for")
	return step{"wait " + spell.String(), func(*simulation) { time.Sleep(spell) }}
}

// drawClock sets the clock of the host, which is no passing of time.
func drawClock(t *rapid.T) step {
	by := rapid.SampledFrom([]time.Duration{time.Minute, -time.Minute, time.Hour, -time.Hour}).Draw(t, "by")
	return step{"set the clock by " + by.String(), func(s *simulation) { s.setClock(by) }}
}

// drawMishap has the next call of a kind go wrong.
func drawMishap(t *rapid.T) step {
	method := rapid.SampledFrom([]string{"rename", "create", "start", "stop", "remove", "list", "inspect", "exec", "session"}).Draw(t, "method")
	m := rapid.SampledFrom([]mishap{refused, replyLost, slow, crashBefore, crashAfter}).Draw(t, "mishap")
	return step{fmt.Sprintf("next %s: %s", method, m), func(s *simulation) { s.next(method, m) }}
}

// drawKill ends a worker, drawRemove takes one away, as a person or the kernel does.
func drawKill(t *rapid.T) step {
	n := rapid.IntRange(0, 4).Draw(t, "worker")
	return step{fmt.Sprintf("kill worker %d", n), func(s *simulation) {
		if workers := s.workers(); len(workers) > 0 {
			s.engine.Kill(workers[n%len(workers)].Name, 137)
		}
	}}
}

func drawRemove(t *rapid.T) step {
	n := rapid.IntRange(0, 4).Draw(t, "worker")
	return step{fmt.Sprintf("remove worker %d by hand", n), func(s *simulation) {
		if workers := s.workers(); len(workers) > 0 {
			s.takeAway(workers[n%len(workers)])
		}
	}}
}

// drawEdit declares another pool of that name.
func drawEdit(t *rapid.T) step {
	warm, more := rapid.IntRange(0, 3).Draw(t, "warm"), rapid.IntRange(0, 2).Draw(t, "more")
	edition, suspended := rapid.IntRange(0, 2).Draw(t, "edition"), rapid.IntRange(0, 5).Draw(t, "suspended") == 5
	words := fmt.Sprintf("declare warm %d, max %d, edition %d, suspended %t", warm, max(1, warm+more), edition, suspended)
	return step{words, func(s *simulation) {
		s.declare(newPool("dev", sized(warm, max(1, warm+more)), whenEmpty(spec.OnEmptyQueue), func(p *spec.Pool) {
			p.Spec.Workers.Template.Env = []spec.EnvVar{{Name: "EDITION", Value: strconv.Itoa(edition)}}
			p.Spec.Suspend = suspended
		}))
	}}
}
