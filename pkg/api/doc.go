// Package api is how other processes talk to a running controller: HTTP and
// JSON on a Unix socket. types.go is what is said, server.go answers, client.go
// asks.
package api
