// Package failpoint ends the process at a chosen point, as kill -9 or a power cut does,
// and has its clock jump.
//
// The product has none of that: package instrument puts calls of Point and Now into a
// copy of its source, of which a test builds a binary of its own. A directory that the
// environment names is how the test and the processes talk: Arm says at which point
// the next one ends, Killed whether it has, Hits what was reached, SetClock how far the
// clock is off.
package failpoint
