// Package faultproxy stands between the controller and an engine's Unix socket
// and has chosen calls go wrong: late, refused, cut off, unanswered, or done with
// the reply lost, which is what makes twins of careless clients.
//
// A Chooser says for each call which Fault it has, by the call's kind: its method
// and its path with the names taken out ("POST /containers/{id}/start"). Nth hits
// one call, AtRate any, by a seed that a report can print. What was seen and what
// was injected is on record, so that a test can tell a call that no fault was
// tried on.
//
// Streams and upgraded connections (events, exec) are passed on as they come, with
// half closes. The proxy knows paths of the engine's API, and nothing of the
// controller.
package faultproxy
