package claim

import (
	"time"

	"hal-controller/pkg/claim/bind"
)

// Extend moves the end of a claim, by that much from now.
func (c *Claims) Extend(who bind.Caller, name string, by time.Duration) (Record, error) {
	record, err := c.Use(who, name, "extend")
	if err != nil {
		return record, err
	}
	free, err := c.names.hold(c.life, name)
	if err != nil {
		return record, err
	}
	defer free()
	current, exists := c.current(name)
	if !exists || current.Worker != record.Worker || current.Phase != Bound {
		return Record{}, refuse("claim %q has just ended", name)
	}
	current.Expires = c.Now().Add(by)
	return current, c.keep(current)
}
