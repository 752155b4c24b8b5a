// Package bind puts directories of the host into containers that run already.
//
// Docker cannot add a mount to a running container. So a worker is created
// before anyone knows its project, with an empty directory of the host, a slot,
// bind-mounted wherever something is to appear later:
//
//	docker run --volume SLOT:/workspace:rslave …
//
// All slots live under one mount with shared propagation (Open). What is bound
// onto a slot later (Bind) therefore appears in the container at once, and is
// gone from it when it is unbound. The order matters: the shared mount must be
// there before a container starts, so Open comes before anything is started,
// after a reboot too.
//
// A bind is id-mapped: the person's files belong to the worker's user inside,
// and what that user writes belongs to the person outside (Mapping). What may be
// bound at all is for Rules to say; they open the directory, and that same open
// directory is what gets bound.
//
// All of it needs Linux 5.12 and root. Where mounts cannot be made, Open says
// ErrUnsupported and why, and projects are copied instead.
package bind
