package faultproxy

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Kind is what a call is, whatever it is about: its method, and its path without
// version, names and ids, as "GET /images/{name}/json".
type Kind string

// The kinds whose replies are streams. That of Exec is an upgraded connection.
const (
	Events Kind = "GET /events"
	Exec   Kind = "POST /exec/{id}/start"
)

var version = regexp.MustCompile(`^/v[0-9.]+/`)

// whole are the words that stand where others have a name: "/containers/create".
var whole = []string{"json", "create", "prune", "search", "load", "get"}

// aboutImage are the words that may follow an image's name, which has slashes.
var aboutImage = []string{"json", "history", "push", "tag", "get"}

// KindOf is the kind of a request to the engine.
func KindOf(r *http.Request) Kind {
	parts := strings.Split(strings.Trim(version.ReplaceAllString(r.URL.Path, "/"), "/"), "/")
	switch {
	case len(parts) < 2 || len(parts) == 2 && slices.Contains(whole, parts[1]):
	case parts[0] == "images":
		verb := parts[len(parts)-1]
		parts = []string{"images", "{name}"}
		if slices.Contains(aboutImage, verb) {
			parts = append(parts, verb)
		}
	case parts[0] == "volumes":
		parts[1] = "{name}"
	default:
		parts[1] = "{id}"
	}
	return Kind(r.Method + " /" + strings.Join(parts, "/"))
}
