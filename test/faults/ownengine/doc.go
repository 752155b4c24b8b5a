// Package ownengine runs a Docker engine that a test may end: with files, a socket and
// a network namespace of its own, since an engine removes the docker0 and rewrites the
// firewall of another one. It needs root and dockerd.
package ownengine
