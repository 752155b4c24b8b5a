//go:build e2e

package faults_test

import "hal-controller/test/faultproxy"

// kinds are all calls that the controller makes in the scenario, each with how often
// a round makes it at least: any of these may be the one with the fault.
var kinds = map[faultproxy.Kind]int{
	"DELETE /containers/{id}":       4,
	"DELETE /networks/{id}":         1,
	"DELETE /volumes/{name}":        1,
	"GET /containers/json":          20,
	"GET /containers/{id}/archive":  2,
	"GET /containers/{id}/json":     20,
	"GET /containers/{id}/logs":     1,
	"GET /containers/{id}/stats":    2,
	"GET /containers/{id}/top":      2,
	"GET /events":                   1,
	"GET /exec/{id}/json":           12,
	"GET /images/{name}/json":       2,
	"GET /info":                     2,
	"GET /networks":                 6,
	"GET /networks/{id}":            1,
	"GET /volumes":                  4,
	"GET /version":                  1,
	"GET /volumes/{name}":           2,
	"HEAD /_ping":                   2,
	"POST /containers/create":       4,
	"POST /containers/{id}/exec":    12,
	"POST /containers/{id}/rename":  2,
	"POST /containers/{id}/start":   4,
	"POST /containers/{id}/stop":    4,
	"POST /containers/{id}/unpause": 1,
	"POST /containers/{id}/update":  1,
	"POST /exec/{id}/start":         12,
	"POST /networks/create":         1,
	"POST /volumes/create":          1,
}
