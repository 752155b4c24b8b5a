package api

import (
	"fmt"
	"net/http"
)

// What POST requests say. Pointers tell "0" and "false" from nothing said.
type (
	rolloutRequest struct {
		Action RolloutAction `json:"action"`
	}
	scaleRequest struct {
		Warm *int `json:"warm"`
	}
	suspendRequest struct {
		Suspend *bool `json:"suspend"`
	}
)

type server struct{ backend Backend }

// NewServer answers requests for a running controller. Every answer of no is an
// Error as JSON, with the HTTP status that fits its code.
func NewServer(b Backend) http.Handler {
	s := server{b}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/info":                    s.info,
		"GET /v1/pools":                   s.pools,
		"GET /v1/pools/{name}":            s.pool,
		"GET /v1/events":                  s.events,
		"GET /v1/containers/{name}/logs":  s.logs,
		"POST /v1/claims/{name}/exec":     s.session,
		"POST /v1/pools/{name}/reconcile": s.managed(s.reconcile),
		"POST /v1/pools/{name}/rollout":   s.managed(s.rollout),
		"POST /v1/pools/{name}/scale":     s.managed(s.scale),
		"POST /v1/pools/{name}/suspend":   s.managed(s.suspend),
		"POST /v1/apply":                  s.managed(s.apply),
		"DELETE /v1/pools/{name}":         s.managed(s.delete),
		"GET /v1/claims":                  s.claims,
		"POST /v1/claims":                 s.claim,
		"POST /v1/claims/{name}/extend":   s.extend,
		"DELETE /v1/claims/{name}":        s.release,
		"/":                               s.unknown,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				writeError(w, err)
			}
		})
	}
	return inTime(mux)
}

// managed is for those who may change pools.
func (s server) managed(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.backend.Manage(r.Context()); err != nil {
			return err
		}
		return handle(w, r)
	}
}

func (s server) info(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, s.backend.Info())
}

func (s server) pools(w http.ResponseWriter, r *http.Request) error {
	watch, err := queryBool(r, "watch")
	if err != nil {
		return err
	}
	if watch {
		return s.watchPools(w, r)
	}
	return writeJSON(w, http.StatusOK, listed(s.backend.Pools()))
}

func (s server) pool(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	var names []string
	for _, pool := range s.backend.Pools() {
		if pool.Metadata.Name == name {
			return writeJSON(w, http.StatusOK, pool)
		}
		names = append(names, pool.Metadata.Name)
	}
	return NoPool(name, names)
}

func (s server) events(w http.ResponseWriter, r *http.Request) error {
	watch, err := queryBool(r, "watch")
	if err != nil {
		return err
	}
	if watch {
		return s.watchEvents(w, r)
	}
	return writeJSON(w, http.StatusOK, listed(s.backend.Events().List(r.URL.Query().Get("pool"))))
}

func (s server) reconcile(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.backend.Reconcile(r.PathValue("name")))
}

func (s server) rollout(w http.ResponseWriter, r *http.Request) error {
	var request rolloutRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	switch request.Action {
	case RolloutPause, RolloutResume, RolloutUndo:
		return done(w, s.backend.Rollout(r.PathValue("name"), request.Action))
	default:
		return invalid("rollout action %q is none of %s, %s, %s", request.Action, RolloutPause, RolloutResume, RolloutUndo)
	}
}

func (s server) scale(w http.ResponseWriter, r *http.Request) error {
	var request scaleRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if request.Warm == nil {
		return invalid(`scale: say how many, as {"warm": 3}`)
	}
	return done(w, s.backend.Scale(r.PathValue("name"), *request.Warm))
}

func (s server) suspend(w http.ResponseWriter, r *http.Request) error {
	var request suspendRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if request.Suspend == nil {
		return invalid(`suspend: say which, as {"suspend": true}`)
	}
	return done(w, s.backend.Suspend(r.PathValue("name"), *request.Suspend))
}

func (s server) apply(w http.ResponseWriter, r *http.Request) error {
	dryRun, err := queryBool(r, "dryRun")
	if err != nil {
		return err
	}
	manifest, err := readBody(w, r)
	if err != nil {
		return err
	}
	applied, err := s.backend.Apply(manifest, dryRun)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, listed(applied))
}

func (s server) delete(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.backend.Delete(r.PathValue("name")))
}

func (s server) unknown(_ http.ResponseWriter, r *http.Request) error {
	return &Error{CodeNotFound, fmt.Sprintf("%s %s is nothing that version %s serves", r.Method, r.URL.Path, s.backend.Info().Version)}
}

// done answers a change that has nothing to tell.
func done(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// listed is a list that is never null in JSON.
func listed[T any](list []T) []T { return append([]T{}, list...) }
