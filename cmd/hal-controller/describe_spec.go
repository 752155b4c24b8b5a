package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hal-controller/pkg/spec"
)

// declared writes what a manifest asks for, as a person would sum it up.
func (d *description) declared(s spec.PoolSpec) {
	if s.Suspend {
		d.field("Suspended", "nothing is created, replaced or reaped")
	}
	network := string(s.Network.Mode)
	if s.Network.Internal {
		network += ", internal"
	}
	d.field("Network", network)
	if s.Parent != nil {
		d.field("Parent", serviceText(*s.Parent))
	}
	for _, service := range s.Services {
		d.field("Service", service.Name+": "+serviceText(service.Service))
	}
	w := s.Workers
	d.field("Workers", workersText(w))
	d.field("Image", w.Template.Image)
	d.field("Command", commandText(w.Template.Command))
	d.field("User", w.Template.User)
	d.field("Limits", limitsText(w.Template.Resources))
	d.field("Mounts", mountsText(w.Template.Volumes))
	d.field("Update", updateText(w.Update))
}

func serviceText(s spec.Service) string {
	parts := []string{s.Image}
	if len(s.Ports) > 0 {
		parts = append(parts, "ports "+strings.Join(s.Ports, " "))
	}
	return strings.Join(append(parts, limitsText(s.Resources)), ", ")
}

func workersText(w spec.Workers) string {
	text := fmt.Sprintf("%d warm", w.Warm)
	if w.Max != nil {
		text += fmt.Sprintf(", max %d", *w.Max)
	}
	if w.OnEmpty != "" {
		text += ", on empty " + string(w.OnEmpty)
	}
	return text
}

func limitsText(r spec.Resources) string {
	return fmt.Sprintf("cpu %s, memory %s, pids %d", r.CPU, r.Memory, r.Pids)
}

// updateText has what a manifest sets or defaulting fills in.
func updateText(u spec.Update) string {
	var parts []string
	add := func(name string, value any) { parts = append(parts, fmt.Sprint(name, " ", value)) }
	if u.MaxUnavailable != nil {
		add("maxUnavailable", *u.MaxUnavailable)
	}
	if u.MaxSurge != nil {
		add("maxSurge", *u.MaxSurge)
	}
	if u.MinReady != nil {
		add("minReady", *u.MinReady)
	}
	if u.OnFailure != "" {
		add("onFailure", u.OnFailure)
	}
	return strings.Join(parts, ", ")
}

func mountsText(mounts []spec.VolumeMount) string {
	var parts []string
	for _, m := range mounts {
		text := m.Name + " at " + m.Target
		if m.ReadOnly {
			text += ", read-only"
		}
		if m.Scope == spec.ScopeUser {
			text += ", each user's own"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// commandText is a command as it could be typed, near enough to be recognised.
func commandText(command []string) string {
	words := make([]string, len(command))
	for i, word := range command {
		words[i] = word
		if word == "" || strings.ContainsAny(word, " \t\n\"'\\$") {
			words[i] = strconv.Quote(word)
		}
	}
	return strings.Join(words, " ")
}

func sortedPairs(m map[string]string) []string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, key+"="+m[key])
	}
	return pairs
}
