package reconcile

import (
	"bufio"
	"context"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/spec"
)

// tell makes an event, and a log line, of an action.
func (r *Reconciler) tell(pool string, result Result) {
	verb, _, _ := strings.Cut(result.Action.String(), " ")
	reason := strings.ToUpper(verb[:1]) + verb[1:]
	switch {
	case result.Skipped:
	case result.Err != nil:
		r.event(pool, EventWarning, "Failed"+reason, result.Action.Object(), result.Err.Error())
	default:
		r.Log.Info("acted", "pool", pool, "action", result.Action.String(), "cause", result.Action.Cause())
		r.event(pool, EventNormal, reason, result.Action.Object(), result.Action.Cause())
	}
}

func (r *Reconciler) event(pool, kind, reason, object, message string) {
	r.Events.Add(Event{Time: r.Now(), Pool: pool, Type: kind, Reason: reason, Object: object, Message: message})
}

// quotesAPass is how many failures are asked for their last words in one pass:
// when many workers end at once, bringing others up comes first.
const quotesAPass = 4

// quoteLogs gives the newest failures their last line of output, while their
// containers are still there to be asked.
func (r *Reconciler) quoteLogs(ctx context.Context, pool string) {
	quoted := 0
	for _, f := range slices.Backward(r.failures(pool)) {
		if f.quoted {
			continue
		}
		if quoted++; quoted > quotesAPass {
			return
		}
		line := r.lastLine(ctx, f.ID)
		r.mu.Lock()
		record := r.locked(pool)
		record.failures = slices.Clone(record.failures)
		for i := range record.failures {
			if record.failures[i].key() == f.key() {
				record.failures[i].LastLog, record.failures[i].quoted = line, true
			}
		}
		r.mu.Unlock()
		r.event(pool, EventWarning, "Failed", f.Name, orElse(strings.TrimSpace(f.Reason+prefixed(": ", line)), "failed"))
	}
}

func (r *Reconciler) lastLine(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	logs, err := r.Runtime.Logs(ctx, id, 1, false)
	if err != nil {
		return ""
	}
	defer logs.Close()
	line, _ := bufio.NewReader(logs).ReadString('\n')
	line = strings.TrimSpace(strings.ToValidUTF8(line, "?"))
	if len(line) > 200 {
		line = line[:200]
	}
	return line
}

func (r *Reconciler) publish(s State, report Report) {
	r.mu.Lock()
	record := r.locked(s.Name)
	previous := record.status
	status := ComputeStatus(s, report, previous)
	record.status = &status
	r.mu.Unlock()
	for _, c := range status.Conditions {
		if was := Condition(previous, c.Type); was.Status != c.Status || was.Reason != c.Reason {
			r.event(s.Name, conditionEvent(c), c.Reason, "pool/"+s.Name, c.Message)
		}
	}
}

func conditionEvent(c spec.Condition) string {
	bad := c.Type == spec.ConditionDegraded && c.Status == spec.ConditionTrue ||
		c.Type == spec.ConditionManifestValid && c.Status != spec.ConditionTrue
	if bad {
		return EventWarning
	}
	return EventNormal
}
