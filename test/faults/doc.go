// Package faults runs the real binary on a real engine with a faulty connection
// in between (test/faultproxy), and looks at whether the controller's promises hold:
// the pool is as declared soon after, never one worker too many, no claim lost, no
// claimed worker stopped, nothing foreign touched, no volume and no record lost.
//
// One scenario makes every kind of call that the controller makes, which a spec
// sees to. Each fault is tried on a kind of call alone, and on all calls at random.
// What must never happen is watched in the engine's own events, past the proxy.
//
// The specs are behind the build tag e2e. In short, each fault is tried on one kind
// of call, another one with each seed of Ginkgo's, and all of them on one call in
// ten. HAL_FAULTS=full tries each fault on each kind, and on 1, 10 and 30 % of all
// calls, which takes most of an hour. Both print a table, with the seed to repeat it.
package faults
