// Package watch tells when a file or a directory of manifests may have changed:
// that something changed, and nothing more. What it was is found by reading
// everything again.
//
// Start at Watch. It is the only package that uses fsnotify. It watches
// directories, never files, since a watch on a file ends with the first editor
// that replaces it; and it watches where every symbolic link on the way stands,
// since a deployment swaps links. Events may be lost, or never sent (NFS), so it
// also tells at every resync tick.
package watch
