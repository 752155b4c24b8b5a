package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// specDifferences compares a wanted spec with an inspected one and names each
// field that differs. What the image adds (environment, labels, a command that
// is not set) is no difference.
func specDifferences(want, have runtime.ContainerSpec) []string {
	var d differences
	d.text("image", want.Image, have.Image)
	if want.User != "" {
		d.text("user", want.User, have.User)
	}
	if len(want.Command) > 0 && !slices.Equal(want.Command, have.Command) {
		d.text("command", strings.Join(want.Command, " "), strings.Join(have.Command, " "))
	}
	for _, e := range want.Env {
		if value := envValue(have.Env, e.Name); value != e.Value {
			d.text("env "+e.Name, e.Value, value)
		}
	}
	for _, key := range sortedKeys(want.Labels) {
		d.text("label "+key, want.Labels[key], have.Labels[key])
	}
	set(&d, "ports", want.Ports, have.Ports)
	set(&d, "volumes", mountsOf(want), mountsOf(have))
	set(&d, "capDrop", want.Security.CapDrop, have.Security.CapDrop)
	set(&d, "capAdd", want.Security.CapAdd, have.Security.CapAdd)
	field(&d, "readOnlyRootFilesystem", want.Security.ReadOnlyRootFilesystem, have.Security.ReadOnlyRootFilesystem)
	field(&d, "noNewPrivileges", want.Security.NoNewPrivileges, have.Security.NoNewPrivileges)
	if want.Security.Runtime != "" {
		d.text("runtime", want.Security.Runtime, have.Security.Runtime)
	}
	if want.StopSignal != "" {
		d.text("stopSignal", want.StopSignal, have.StopSignal)
	}
	field(&d, "stopGracePeriod", roundUp(want.StopTimeout), have.StopTimeout)
	return append(d, limitDifferences(want.Limits, have.Limits)...)
}

// limitDifferences names the limits that differ: those are repaired in place.
func limitDifferences(want, have runtime.Limits) []string {
	var d differences
	field(&d, "cpu", spec.CPU(want.CPU), spec.CPU(have.CPU))
	field(&d, "memory", spec.Memory(want.Memory), spec.Memory(have.Memory))
	field(&d, "pids", want.Pids, have.Pids)
	return d
}

// limitDrift says what an update in place would repair.
func limitDrift(want runtime.ContainerSpec, have *runtime.Container) []string {
	if have.Inspection == nil {
		return nil
	}
	d := limitDifferences(want.Limits, have.Inspection.Spec.Limits)
	if policy := have.Inspection.RestartPolicy; policy != "" && policy != "no" {
		d = append(d, "restart policy: "+policy)
	}
	return d
}

// networkDrift says how a container that was made as wanted has been detached
// from its network by hand. Networks are in the listing while it runs.
func networkDrift(network string, have *runtime.Container) string {
	if network == "" || have.State != runtime.StateRunning {
		return ""
	}
	if _, there := have.Addresses[network]; !there {
		return "network: not joined to " + network
	}
	if len(have.Addresses) == 1 {
		return ""
	}
	others := slices.DeleteFunc(sortedKeys(have.Addresses), func(name string) bool { return name == network })
	return "network: joined to " + joined(others) + " too"
}

// differences are collected as text only where there are any: most comparisons
// find none, and a pool has many workers.
type differences []string

func (d *differences) text(name, want, have string) {
	if want != have {
		*d = append(*d, fmt.Sprintf("%s: %q -> %q", name, have, want))
	}
}

func field[T comparable](d *differences, name string, want, have T) {
	if want != have {
		d.text(name, fmt.Sprint(want), fmt.Sprint(have))
	}
}

// set compares without regard to order.
func set[T comparable](d *differences, name string, want, have []T) {
	if !slices.Equal(want, have) {
		d.text(name, sortedText(want), sortedText(have))
	}
}

func sortedText[T any](values []T) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// mountsOf leaves out slots, which are binds of another source in each worker, and
// there are no other binds; and propagation: engines fill in a default.
func mountsOf(c runtime.ContainerSpec) []runtime.Mount {
	var volumes []runtime.Mount
	for _, m := range c.Mounts {
		if m.Type == runtime.MountVolume {
			m.Propagation = ""
			volumes = append(volumes, m)
		}
	}
	return volumes
}

func envValue(env []runtime.EnvVar, name string) string {
	for _, e := range env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

func roundUp(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
