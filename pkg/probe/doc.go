// Package probe finds out whether containers are ready: it warms them up, asks
// their readiness probes, and keeps the answer for the next decision.
//
// Probing goes on beside the passes, so that a slow answer holds up nobody. A
// pass sets what is probed (Watch) and reads what was found (Health); a change
// has the pool looked at again. What is found is only in memory: after a restart
// every container is asked anew, and its warm-up runs again.
package probe
