// Package claim hands warm workers to whoever claims one.
//
// A claim is desired state. Its record is on disk, synced, before anything is
// done about it; the worker's name carries it too, so that the engine still knows
// what the disk has lost. The steps, and what a crash after each leaves behind:
//
//	take     a ready worker off the offer        nothing: it is offered again
//	record   phase Binding                       the worker is destroyed at the next start
//	rename   hal-dev-0 -> hal-dev-0.fix          the same
//	bind     the project and the person's        the same
//	         directories onto the worker's slots
//	record   phase Bound                         a bound claim
//
// A worker that was half claimed is destroyed and never returned: nobody gets what
// another may have seen. Start reading at Claims (claims.go).
package claim
