package main

import (
	"fmt"
	"sync"

	"hal-controller/pkg/api"
)

// naming keeps the name of a fresh claim its own: two commands that think of the same
// one at the same time must not share a worker, which the first to end gives back.
type naming struct {
	mu    sync.Mutex
	under map[string]int // how many claims are on their way, by name
}

// begin notes that a claim is on its way until done is called. A fresh one is refused
// where another is, or exists.
func (n *naming) begin(request api.ClaimRequest, exists func(name string) bool) (done func(), err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name := request.Name
	if request.Fresh && (n.under[name] > 0 || exists(name)) {
		return nil, &api.Error{Code: api.CodeTaken, Message: fmt.Sprintf("there is a claim %q already: choose another name, or release it first", name)}
	}
	if n.under == nil {
		n.under = map[string]int{}
	}
	n.under[name]++
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.under[name]--; n.under[name] == 0 {
			delete(n.under, name)
		}
	}, nil
}
