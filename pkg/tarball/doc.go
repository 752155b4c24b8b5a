// Package tarball packs files into tar streams, and unpacks streams of which
// nothing is trusted: what comes out of a container may be made to leave the
// directory that it is unpacked into.
package tarball
