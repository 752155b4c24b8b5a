package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hal-controller/pkg/hal9000"
	"hal-controller/pkg/runtime/docker"
)

func namesOf(volumes []docker.NamedVolume) []string {
	var names []string
	for _, v := range volumes {
		names = append(names, v.Name)
	}
	return names
}

// inUse refuses to copy what may change meanwhile: half of a change to a database is
// none that it could be opened with.
func inUse(p hal9000.Plan, volumes []docker.NamedVolume) error {
	var refusals []error
	for _, v := range volumes {
		copied := slices.ContainsFunc(p.Copies, func(c hal9000.Copy) bool { return slices.Contains(c.From, v.Name) })
		if copied && len(v.UsedBy) > 0 {
			users := strings.Join(v.UsedBy, " ")
			refusals = append(refusals, fmt.Errorf("volume %s is in use by a container that runs: docker stop %s", v.Name, users))
		}
	}
	return errors.Join(refusals...)
}
