// Package faults runs the real binary on a real engine and has things go wrong, and
// looks at whether the controller's promises hold: the pool is as declared soon after,
// never one worker too many, no claim lost, no claimed worker stopped, nothing foreign
// touched, no volume and no record lost. What must never happen is watched in the
// engine's own events.
//
// What goes wrong is
//
//	faults_test.go      answers of the engine, with a proxy in between (test/faultproxy)
//	crashes_test.go     the controller itself, killed before and after each of its calls
//	                    and writes (package failpoint)
//	injuries_test.go    processes killed, containers handled by a person, no room, no
//	                    descriptors, no manifests
//	engineends_test.go  the engine killed and restarted (package ownengine)
//
// One scenario makes every kind of call that the controller makes, and comes to every
// point at which it is killed; specs see to both.
//
// The specs are behind the build tag e2e. In short a few of each are tried, others
// with each seed of Ginkgo's. HAL_FAULTS=full tries all, which takes over an hour. Both
// print a table, with the seed to repeat it.
package faults
