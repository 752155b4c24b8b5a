package project

import (
	"errors"
	"fmt"
	"slices"

	"hal-controller/pkg/spec"
)

// ClaudeHome is where Claude Code keeps a person's login in our images.
const ClaudeHome = "/home/claude/.claude"

// howToKeep is what a pool needs that is to know a person again.
const howToKeep = `in its manifest, below spec.workers.template, put
      volumes:
      - {name: claude-home, target: ` + ClaudeHome + `, scope: user}`

// KeepsLogin is a pool in whose workers a person's login is kept: the one of that name
// or, without one, the first. The error says what to write into a manifest.
func KeepsLogin(pools []spec.Pool, name string) (spec.Pool, error) {
	pools = slices.DeleteFunc(slices.Clone(pools), draining)
	if name != "" {
		choice, err := named(pools, name, "", "")
		if err == nil && !keepsLogin(choice.Pool) {
			err = fmt.Errorf("the workers of pool %q forget a login: %s", name, howToKeep)
		}
		return choice.Pool, err
	}
	if i := slices.IndexFunc(pools, keepsLogin); i >= 0 {
		return pools[i], nil
	}
	return spec.Pool{}, errors.New("no pool has a place for a login: " + howToKeep)
}

func keepsLogin(p spec.Pool) bool {
	return slices.ContainsFunc(p.Spec.Workers.Template.Volumes, func(m spec.VolumeMount) bool {
		return m.Scope == spec.ScopeUser && m.Target == ClaudeHome
	})
}
