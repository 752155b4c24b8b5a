package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// newHandler answers two paths: /api/v2/heartbeat, as ChromaDB does, and /,
// which counts the visit. Only the latter is logged and written to disk, for a
// probe asks for the former every second.
func newHandler(hits *counter, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/heartbeat", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]int64{"nanosecond heartbeat": time.Now().UnixNano()})
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		n, err := hits.Add()
		if err != nil {
			log.Error("visit not counted", "from", r.RemoteAddr, "error", err)
			reply(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		log.Info("visit", "from", r.RemoteAddr, "hits", n)
		reply(w, http.StatusOK, map[string]uint64{"hits": n})
	})
	return mux
}

// reply ignores the error of writing: the client that would be told has gone.
func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
