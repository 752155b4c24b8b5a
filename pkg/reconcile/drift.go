package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hal-controller/pkg/runtime"
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
	if len(want.Command) > 0 {
		d.text("command", strings.Join(want.Command, " "), strings.Join(have.Command, " "))
	}
	for _, e := range want.Env {
		d.text("env "+e.Name, e.Value, envValue(have.Env, e.Name))
	}
	for _, key := range sortedKeys(want.Labels) {
		d.text("label "+key, want.Labels[key], have.Labels[key])
	}
	d.set("ports", texts(want.Ports), texts(have.Ports))
	d.set("volumes", mountTexts(want.Mounts), mountTexts(have.Mounts))
	d.set("capDrop", want.Security.CapDrop, have.Security.CapDrop)
	d.set("capAdd", want.Security.CapAdd, have.Security.CapAdd)
	d.text("readOnlyRootFilesystem", fmt.Sprint(want.Security.ReadOnlyRootFilesystem), fmt.Sprint(have.Security.ReadOnlyRootFilesystem))
	d.text("noNewPrivileges", fmt.Sprint(want.Security.NoNewPrivileges), fmt.Sprint(have.Security.NoNewPrivileges))
	if want.Security.Runtime != "" {
		d.text("runtime", want.Security.Runtime, have.Security.Runtime)
	}
	if want.StopSignal != "" {
		d.text("stopSignal", want.StopSignal, have.StopSignal)
	}
	d.text("stopGracePeriod", roundUp(want.StopTimeout).String(), have.StopTimeout.String())
	return append(d, limitDifferences(want.Limits, have.Limits)...)
}

// limitDifferences names the limits that differ: those are repaired in place.
func limitDifferences(want, have runtime.Limits) []string {
	var d differences
	d.text("cpu", fmt.Sprint(want.CPU), fmt.Sprint(have.CPU))
	d.text("memory", fmt.Sprint(want.Memory), fmt.Sprint(have.Memory))
	d.text("pids", fmt.Sprint(want.Pids), fmt.Sprint(have.Pids))
	return d
}

// limitDrift says what an update in place would repair.
func limitDrift(want runtime.ContainerSpec, have runtime.Container) []string {
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
func networkDrift(want runtime.ContainerSpec, have runtime.Container) string {
	if want.Network == "" || have.State != runtime.StateRunning {
		return ""
	}
	if _, joined := have.Addresses[want.Network]; !joined {
		return "network: not joined to " + want.Network
	}
	for _, name := range sortedKeys(have.Addresses) {
		if name != want.Network {
			return "network: joined to " + name
		}
	}
	return ""
}

type differences []string

func (d *differences) text(field, want, have string) {
	if want != have {
		*d = append(*d, fmt.Sprintf("%s: %q -> %q", field, have, want))
	}
}

func (d *differences) set(field string, want, have []string) {
	want, have = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(have))
	if !slices.Equal(want, have) {
		d.text(field, strings.Join(want, " "), strings.Join(have, " "))
	}
}

func texts[T any](values []T) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// mountTexts leaves out propagation: engines fill in a default.
func mountTexts(mounts []runtime.Mount) []string {
	var out []string
	for _, m := range mounts {
		out = append(out, fmt.Sprintf("%s:%s:%v", m.Source, m.Target, m.ReadOnly))
	}
	return out
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
