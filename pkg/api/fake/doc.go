// Package fake is a controller without an engine: what the server's and the
// commands' specs ask. It keeps pools in memory, does what it is told to them,
// and remembers that it was.
package fake
