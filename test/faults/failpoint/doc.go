// Package failpoint ends the process at a chosen point, as kill -9 or a power cut does.
//
// The product has no such points: package instrument puts calls of Point into a copy
// of its source, of which a test builds a binary of its own. A directory that the
// environment names is how the test and the processes talk: Arm says at which point
// the next one ends, Killed whether it has, Hits what was reached.
package failpoint
