package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/spec"
)

// ChangeType is what happened to a pool, in Kubernetes' words.
type ChangeType string

// Change types.
const (
	ChangeAdded    ChangeType = "ADDED"
	ChangeModified ChangeType = "MODIFIED"
	ChangeDeleted  ChangeType = "DELETED"
	// changeBookmark, without an object, follows what there was at the start.
	changeBookmark ChangeType = "BOOKMARK"
)

// PoolChange is one line of a watch. A pool that is deleted is shown as it was
// last seen.
type PoolChange struct {
	Type   ChangeType `json:"type"`
	Object spec.Pool  `json:"object"`
}

// Changes are looked for after an event, once the burst it comes in is over, and
// every watchResync for those without one.
const (
	watchSettle = 50 * time.Millisecond
	watchResync = time.Second
)

// watchPools sends all pools as added, and then each change of one.
func (s server) watchPools(w http.ResponseWriter, r *http.Request) error {
	events, stop := s.backend.Events().Listen()
	defer stop()
	out, err := newStream(w, "application/x-ndjson")
	if err != nil {
		return nil
	}
	known := poolSnapshot{}
	for first := true; ; first = false {
		next, err := snapshot(s.backend.Pools())
		if err != nil {
			breakOff()
		}
		for _, change := range known.changes(next) {
			if out.send(change) != nil {
				return nil // the client is gone
			}
		}
		if first && out.send(PoolChange{Type: changeBookmark}) != nil {
			return nil
		}
		known = next
		if !waitForChange(r, events) {
			return nil
		}
	}
}

// waitForChange returns when it is worth looking again; false at the request's end.
func waitForChange(r *http.Request, events <-chan reconcile.Event) bool {
	resync := time.NewTimer(watchResync)
	defer resync.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-resync.C:
		return true
	case <-events:
	}
	settled := time.NewTimer(watchSettle)
	defer settled.Stop()
	for {
		select {
		case <-r.Context().Done():
			return false
		case <-events:
		case <-settled.C:
			return true
		}
	}
}

// poolSnapshot is the pools at one time, with their JSON to compare them by.
type poolSnapshot struct {
	pools []spec.Pool
	texts map[string][]byte // by name
}

func snapshot(pools []spec.Pool) (poolSnapshot, error) {
	s := poolSnapshot{pools, map[string][]byte{}}
	for _, pool := range pools {
		text, err := json.Marshal(pool)
		if err != nil {
			return s, err
		}
		s.texts[pool.Metadata.Name] = text
	}
	return s, nil
}

// changes lead from one snapshot to a later one: what is there, then what is gone.
func (s poolSnapshot) changes(next poolSnapshot) []PoolChange {
	var changes []PoolChange
	for _, pool := range next.pools {
		was, known := s.texts[pool.Metadata.Name]
		switch {
		case !known:
			changes = append(changes, PoolChange{ChangeAdded, pool})
		case !bytes.Equal(was, next.texts[pool.Metadata.Name]):
			changes = append(changes, PoolChange{ChangeModified, pool})
		}
	}
	for _, pool := range s.pools {
		if _, there := next.texts[pool.Metadata.Name]; !there {
			changes = append(changes, PoolChange{ChangeDeleted, pool})
		}
	}
	return changes
}
