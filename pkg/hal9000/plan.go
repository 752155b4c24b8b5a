package hal9000

import (
	"fmt"
	"slices"
)

// Names of the volumes in the manifest.
const (
	chromaDB      = "chromadb"
	memoryBank    = "memory-bank"
	plugins       = "plugins"
	claudeHome    = "claude-home"     // each person's own
	ownMemoryBank = "own-memory-bank" // each person's own
)

// Person is a user of this machine.
type Person struct {
	Name     string
	UID, GID uint32
}

// Request is what a plan is made from.
type Request struct {
	// Volumes are names of volumes on the engine.
	Volumes []string
	// People by the hash that the names of their volumes end with.
	People map[string]Person
	// ShareMemoryBanks has each person's memory bank copied into the pool's, which
	// all its people read.
	ShareMemoryBanks bool
}

// Plan is what is to be copied, and what is not.
type Plan struct {
	Copies []Copy
	Left   []Left
}

// Copy makes one volume of the pool's from volumes of HAL-9000's. Where two have
// the same file, the first one's is kept.
type Copy struct {
	From []string
	To   Target
}

// Target is a volume as the manifest has it.
type Target struct {
	Volume string
	// Person whose volume with scope user it is; nil for the pool's own.
	Person *Person
}

// String names it, as "chromadb" or "claude-home of alice".
func (t Target) String() string {
	if t.Person == nil {
		return t.Volume
	}
	return t.Volume + " of " + t.Person.Name
}

// Left is a volume that is not copied.
type Left struct{ Volume, Reason string }

// MakePlan decides by the volumes' names. The same volumes and people give the
// same plan, in whatever order they come.
func MakePlan(r Request) Plan {
	var p Plan
	for _, s := range sourcesOf(r.Volumes) {
		to, reason := r.target(s)
		if reason != "" {
			p.Left = append(p.Left, Left{s.name, reason})
			continue
		}
		p.add(s.name, to)
	}
	return p
}

func (p *Plan) add(from string, to Target) {
	for i, c := range p.Copies {
		if c.To.same(to) {
			p.Copies[i].From = append(c.From, from)
			return
		}
	}
	p.Copies = append(p.Copies, Copy{[]string{from}, to})
}

func (t Target) same(other Target) bool {
	if t.Person == nil || other.Person == nil {
		return t == other
	}
	return t.Volume == other.Volume && t.Person.UID == other.Person.UID
}

// target is where a volume goes, or the reason why it goes nowhere.
func (r Request) target(s source) (to Target, reason string) {
	switch s.what {
	case "claude-home", "claude-session":
		return r.persons(s, claudeHome)
	case "memory-bank":
		if s.hash == "" || r.ShareMemoryBanks {
			return Target{Volume: memoryBank}, ""
		}
		return r.persons(s, ownMemoryBank)
	case "tmux-sockets", "coordinator-state":
		return Target{}, "has only what its running containers needed"
	}
	if s.hash != "" {
		return Target{}, unknown
	}
	switch s.what {
	case "chromadb":
		return Target{Volume: chromaDB}, ""
	case "memorybank":
		return Target{Volume: memoryBank}, ""
	case "plugins", "base-plugins":
		return Target{Volume: plugins}, ""
	case "logs", "sessions", "workers":
		return Target{}, "has only what its running containers needed"
	default:
		return Target{}, unknown
	}
}

const unknown = "is none that HAL-9000 is known to make"

// persons is a person's volume, if it is known whose.
func (r Request) persons(s source, volume string) (to Target, reason string) {
	hash := s.hash
	if hash == "" {
		hash = NoHash
	}
	person, known := r.People[hash]
	if !known {
		return Target{}, fmt.Sprintf("is of nobody who is known here: --user %s=NAME says whose it is", hash)
	}
	return Target{volume, &person}, ""
}

// uses says whether a volume of the manifest gets any data.
func (p Plan) uses(volume string) bool {
	return slices.ContainsFunc(p.Copies, func(c Copy) bool { return c.To.Volume == volume })
}
