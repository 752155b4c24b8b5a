package reconcile

import (
	"fmt"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// Plan is what to do next for one pool: the steps that are legal now, in a
// fixed order, each with its cause. It is data: printing it is how it is tested.
type Plan struct {
	Actions []Action
	// Waiting says what is not being done, and why.
	Waiting []spec.Waiting
	// RequeueAfter is when to look again because of time alone; 0 is never.
	RequeueAfter time.Duration
	// Drained says that nothing of a deleted pool is left.
	Drained bool

	objects map[string]bool // that have an action
}

// Action is one step: one call to the engine.
type Action interface {
	// Object is the name of what it acts on.
	Object() string
	// Cause says why.
	Cause() string
	// String is "verb object".
	String() string
}

// String has one line an action: "create hal-dev-0: not found".
func (p Plan) String() string {
	var b strings.Builder
	for _, a := range p.Actions {
		fmt.Fprintf(&b, "%s: %s\n", a, a.Cause())
	}
	return b.String()
}

// add puts an action into the plan, unless its object has one already: one step
// for each at a time.
func (p *Plan) add(a Action) {
	if p.objects[a.Object()] {
		return
	}
	if p.objects == nil {
		p.objects = map[string]bool{}
	}
	p.objects[a.Object()] = true
	p.Actions = append(p.Actions, a)
}

func (p *Plan) wait(now time.Time, w spec.Waiting) {
	p.Waiting = append(p.Waiting, w)
	if !w.Until.IsZero() {
		p.requeue(w.Until.Sub(now))
	}
}

// requeue keeps the earliest time.
func (p *Plan) requeue(after time.Duration) {
	after = max(after, time.Millisecond)
	if p.RequeueAfter == 0 || after < p.RequeueAfter {
		p.RequeueAfter = after
	}
}

// Urgent is the plan without the removal of what is dead already, while there
// is something to bring up: the dead can wait for the living.
func (p Plan) Urgent() Plan {
	up := false
	for _, a := range p.Actions {
		switch a.(type) {
		case Create, Start:
			up = true
		}
	}
	if !up {
		return p
	}
	urgent := p
	urgent.Actions = nil
	for _, a := range p.Actions {
		if r, removal := a.(Remove); removal && r.Dead {
			continue
		}
		urgent.Actions = append(urgent.Actions, a)
	}
	return urgent
}

// Bounded is the plan with no more than so many creations, the first ones.
func (p Plan) Bounded(creations int) Plan {
	bounded := p
	bounded.Actions = nil
	for _, a := range p.Actions {
		if _, creation := a.(Create); creation {
			if creations == 0 {
				continue
			}
			creations--
		}
		bounded.Actions = append(bounded.Actions, a)
	}
	return bounded
}

// acts says whether the plan has a step for an object already.
func (p Plan) acts(object string) bool { return p.objects[object] }

type step struct {
	Name string
	Why  string
}

func (s step) Object() string { return s.Name }
func (s step) Cause() string  { return s.Why }

// The actions.
type (
	// CreateNetwork makes the pool's network.
	CreateNetwork struct {
		step
		Spec runtime.NetworkSpec
	}
	// CreateVolume makes a volume.
	CreateVolume struct {
		step
		Spec runtime.VolumeSpec
	}
	// ImportPause makes the image of sandboxes.
	ImportPause struct{ step }
	// Create makes a container.
	Create struct {
		step
		Spec runtime.ContainerSpec
		// Start says that it may be started at once, if somebody waits for it.
		Start bool
		// Ready says that it is ready for a claim once it runs.
		Ready bool
	}
	// Start starts a container.
	Start struct {
		step
		ID    string
		Owner runtime.Owner
	}
	// Stop stops a container.
	Stop struct {
		step
		ID string
		// Withdraw says that it is a worker on offer to claims, which must be
		// taken off the offer first; if a claim got there first, it is left.
		Withdraw bool
	}
	// Update sets limits in place.
	Update struct {
		step
		ID     string
		Limits runtime.Limits
	}
	// Rename gives a container its name back.
	Rename struct {
		step
		ID string
		To string
	}
	// Remove removes a container.
	Remove struct {
		step
		ID string
		// Dead says that it has ended already, so that there is no hurry.
		Dead bool
	}
	// RemoveNetwork removes the pool's network.
	RemoveNetwork struct{ step }
	// RemoveVolume removes a volume and its data.
	RemoveVolume struct{ step }
)

func (a CreateNetwork) String() string { return "create network " + a.Name }
func (a CreateVolume) String() string  { return "create volume " + a.Name }
func (a ImportPause) String() string   { return "import image " + a.Name }
func (a Create) String() string        { return "create " + a.Name }
func (a Start) String() string         { return "start " + a.Name }
func (a Stop) String() string          { return "stop " + a.Name }
func (a Update) String() string        { return "update " + a.Name }
func (a Rename) String() string        { return "rename " + a.Name + " to " + a.To }
func (a Remove) String() string        { return "remove " + a.Name }
func (a RemoveNetwork) String() string { return "remove network " + a.Name }
func (a RemoveVolume) String() string  { return "remove volume " + a.Name }
