package faultproxy

import (
	"maps"
	"slices"
	"sync"
)

// Injection is a fault that a call had.
type Injection struct {
	Call
	Fault Fault
}

// Record is what there was since Begin.
type Record struct {
	// Seen is how many calls there were of each kind.
	Seen     map[Kind]int
	Injected []Injection // in the order of the calls
}

// book keeps the record, and asks the chooser.
type book struct {
	mu     sync.Mutex
	choose Chooser
	record Record
}

func (b *book) begin(c Chooser) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.choose, b.record = c, Record{Seen: map[Kind]int{}}
}

func (b *book) enter(k Kind, path string) Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.record.Seen[k]++
	call := Call{k, path, b.record.Seen[k]}
	if b.choose == nil {
		return ""
	}
	fault := b.choose(call)
	if fault != "" {
		b.record.Injected = append(b.record.Injected, Injection{call, fault})
	}
	return fault
}

func (b *book) copy() Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Record{Seen: maps.Clone(b.record.Seen), Injected: slices.Clone(b.record.Injected)}
}
