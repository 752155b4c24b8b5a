// Package project finds out what a directory is about, so that a person who stands in
// it need not say: which profile its files ask for (profile.go), what it says itself in
// .hal.yaml (settings.go), which of the pools fits (choose.go), and what to call a
// claim for it (name.go). It also reads the tasks of a squad (tasks.go).
//
// All of it decides and nothing acts; only ReadSettings, ReadTasks and Evidence look at
// files. Both kinds of file are read strictly: what is wrong is told all at once, as
// spec.Problems, each at its place.
package project
