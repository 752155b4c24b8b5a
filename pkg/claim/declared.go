package claim

import (
	"context"
	"errors"
	"time"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// Declared is a claim that a manifest wants.
type Declared struct {
	Name, Pool, Project string
	// Owner is whose it is: the manifest's.
	Owner bind.Caller
}

// declaredRetry is the time between two attempts at a declared claim.
const declaredRetry = 10 * time.Second

// declare makes the claims that manifests want and that there are not yet, in line
// with everyone else, and releases those that they want no more, once all manifests
// have been read.
func (c *Claims) declare() {
	if c.Declared == nil {
		return
	}
	declared, synced := c.Declared()
	wanted := map[string]bool{}
	for _, d := range declared {
		wanted[d.Name] = true
		if c.attempt(d.Name) {
			c.begin(func() { c.claimDeclared(d) })
		}
	}
	for _, r := range c.List() {
		if !synced || !r.Declared || wanted[r.Name] || r.Phase == Releasing || c.isHeld(r.Name) {
			continue
		}
		if _, err := c.leaveUnheld(r, "no manifest declares it any more"); err != nil {
			c.Log.Error(err, "claim not released", "claim", r.Name)
		}
	}
}

// isHeld says that a claim could not be released a short time ago.
func (c *Claims) isHeld(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Now().Before(c.held[name])
}

// attempt says, every now and then, that a declared claim that there is not is to be
// made.
func (c *Claims) attempt(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, exists := c.records[name]
	if exists || c.Now().Before(c.attempts[name]) {
		return false
	}
	c.attempts[name] = c.Now().Add(declaredRetry)
	return true
}

func (c *Claims) claimDeclared(d Declared) {
	ctx, cancel := context.WithTimeoutCause(c.life, declaredRetry, ErrWaited)
	defer cancel()
	_, err := c.Claim(ctx, d.Owner, Request{
		Name: d.Name, Pool: d.Pool, Project: d.Project, OnEmpty: spec.OnEmptyQueue, declared: true,
	})
	if err != nil && !errors.Is(err, ErrWaited) && c.life.Err() == nil {
		c.Event(d.Pool, reconcile.EventWarning, "ClaimFailed", d.Name, err.Error())
	}
}
