// Package hal9000 brings over what HAL-9000, the shell scripts that came before
// this controller, has kept in Docker volumes.
//
// MakePlan says from the volumes' names alone what is copied where, Plan.Manifest
// writes the pool that uses the copies, and Copier makes one of them in a
// container. The volumes of HAL-9000 are mounted read-only and stay as they are.
//
// Some of its volumes are a person's own. Their names end with the first eight
// digits of the SHA-256 of the person's user name (UserHash), which cannot be
// turned around: the plan knows whose a volume is from the people it is given.
package hal9000
