// Package fake is an engine in memory that behaves like Docker: names conflict,
// a joiner starts only while its sandbox runs and keeps a dead namespace when
// the sandbox restarts, a stop sets a finish time and an exit code. The contract
// specs hold it to what package docker does on a real engine.
//
// Tests put things in its way: Fail and LoseReply make calls fail before or
// after they are done, Down takes the engine away, Kill, OOM and Pause do what
// happens to containers, AddForeign what others own. Calls and Snapshot tell
// what was done and what there is.
//
// Nothing in it is random and it never looks at the clock but through the
// function given to New: the same calls give the same ids, addresses and times.
package fake
