package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"hal-controller/pkg/spec"
)

// Claim is a claim as people see it.
type Claim struct {
	Name string `json:"name"`
	Pool string `json:"pool"`
	// Container is the worker's name on the engine.
	Container   string `json:"container"`
	ContainerID string `json:"containerID"`
	// User is whose it is; empty where that is not known.
	User string `json:"user,omitempty"`
	// Project is what is in the workspace; empty: nothing.
	Project string `json:"project,omitempty"`
	// Mode is how it got there: bind, copy or none.
	Mode string `json:"mode,omitempty"`
	// Phase is Binding, Bound, Releasing or Lost.
	Phase string `json:"phase"`
	// Message says what is not as it should be.
	Message string    `json:"message,omitempty"`
	Created time.Time `json:"created"`
	// Expires is when it is released; zero: never.
	Expires time.Time `json:"expires,omitzero"`
}

// ClaimRequest asks for a worker.
type ClaimRequest struct {
	Name string `json:"name"`
	Pool string `json:"pool"`
	// Fresh has a claim of that name that is there already, or on its way, refused
	// with CodeTaken; without it, it is the answer.
	Fresh bool `json:"fresh,omitempty"`
	// Project is an absolute path on the controller's host; empty: nothing is bound.
	Project string `json:"project,omitempty"`
	// User is whose it is to be, by name or number; empty: the caller's. Only root may
	// ask for another.
	User string `json:"user,omitempty"`
	// Env are variables of the claim's processes, Secrets files for them, by name,
	// in /run/secrets.
	Env     map[string]string `json:"env,omitempty"`
	Secrets map[string][]byte `json:"secrets,omitempty"`
	// TTL is the time after which it is released; 0: what the pool says.
	TTL spec.Duration `json:"ttl,omitempty"`
	// OnEmpty is the answer where no worker is ready; empty: what the pool says.
	OnEmpty spec.OnEmpty `json:"onEmpty,omitempty"`
	// Wait bounds the waiting for a worker; 0: as long as the caller waits.
	Wait spec.Duration `json:"wait,omitempty"`
}

// Stage is how far a release has come.
type Stage string

// Stages.
const (
	// Recorded: it goes on whatever happens.
	Recorded Stage = "recorded"
	// Saved: what only the worker has is saved, and a copied project is back.
	Saved Stage = "saved"
	// Gone: the worker is gone.
	Gone Stage = "gone"
)

// ReleaseOptions say how a claim is released.
type ReleaseOptions struct {
	// Until is what the answer waits for; empty: Recorded.
	Until Stage
	// Discard has nothing saved of what only the worker has.
	Discard bool
	// ContainerID is that of the claim that is meant: a later one of its name is not
	// found. Empty: any.
	ContainerID string
}

// Released is how a release ended.
type Released struct {
	// Rescued is the directory, on the controller's host, with what only the worker
	// had. Empty where there was nothing, or it was not waited for.
	Rescued string `json:"rescued,omitempty"`
}

// extendRequest moves the end of a claim, by that much from now.
type extendRequest struct {
	By spec.Duration `json:"by"`
}

// ClaimBackend is what the server serves of claims. Who asks is the Peer of ctx.
type ClaimBackend interface {
	// Claims are all claims, by name.
	Claims() []Claim
	// Claim gives the caller a worker. place is told how many are served before,
	// whenever it changes. Repeating it is harmless. When ctx ends first, nothing is
	// left of it.
	Claim(ctx context.Context, request ClaimRequest, place func(int)) (Claim, error)
	// Release ends a claim, as options say.
	Release(ctx context.Context, name string, options ReleaseOptions) (Released, error)
	// Extend moves the end of a claim.
	Extend(ctx context.Context, name string, by time.Duration) (Claim, error)
}

// claimNews is a line of the answer to a claim that has to wait.
type claimNews struct {
	Place *int   `json:"place,omitempty"`
	Claim *Claim `json:"claim,omitempty"`
	Error *Error `json:"error,omitempty"`
}

func (s server) claims(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, listed(s.backend.Claims()))
}

// claim answers at once where there is a worker or a no, and else with a line for
// each change of the caller's place.
func (s server) claim(w http.ResponseWriter, r *http.Request) error {
	var request ClaimRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	var mu sync.Mutex
	var out *stream
	place := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		if out == nil {
			opened, err := newStream(w, newsType)
			if err != nil {
				return // the request's context says so
			}
			out = &opened
		}
		_ = out.send(claimNews{Place: &n})
	}
	claim, err := s.backend.Claim(r.Context(), request, place)
	mu.Lock()
	defer mu.Unlock()
	switch {
	case out == nil && err != nil:
		return err
	case out == nil:
		return writeJSON(w, http.StatusOK, claim)
	case err != nil:
		_ = out.send(claimNews{Error: answerOf(err)})
	default:
		_ = out.send(claimNews{Claim: &claim})
	}
	return nil
}

func (s server) release(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	options := ReleaseOptions{Until: Stage(query.Get("until")), ContainerID: query.Get("containerID")}
	var err error
	if options.Discard, err = queryBool(r, "discard"); err != nil {
		return err
	}
	switch options.Until {
	case "", Recorded, Saved, Gone:
	default:
		return invalid("release: until %q is none of %s, %s, %s", options.Until, Recorded, Saved, Gone)
	}
	released, err := s.backend.Release(r.Context(), r.PathValue("name"), options)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, released)
}

func (s server) extend(w http.ResponseWriter, r *http.Request) error {
	var request extendRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if request.By <= 0 {
		return invalid(`extend: say by how much, as {"by": "1h"}`)
	}
	claim, err := s.backend.Extend(r.Context(), r.PathValue("name"), time.Duration(request.By))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, claim)
}

// newsType is the media type of an answer in lines.
const newsType = "application/x-ndjson"

func claimPath(name, rest string) string { return "/v1/claims/" + url.PathEscape(name) + rest }

// Claims are all claims, by name.
func (c *Client) Claims(ctx context.Context) ([]Claim, error) {
	var claims []Claim
	return claims, c.call(ctx, http.MethodGet, "/v1/claims", nil, &claims)
}

// Claim asks for a worker, and waits for it. place is told how many are served
// before.
func (c *Client) Claim(ctx context.Context, request ClaimRequest, place func(int)) (Claim, error) {
	response, err := c.ask(ctx, c.patient, http.MethodPost, "/v1/claims", request)
	if err != nil {
		return Claim{}, err
	}
	defer response.Body.Close()
	lines := json.NewDecoder(response.Body)
	if !strings.HasPrefix(response.Header.Get("Content-Type"), newsType) {
		var claim Claim
		return claim, c.read(lines, &claim)
	}
	for {
		var news claimNews
		if err := c.read(lines, &news); err != nil {
			return Claim{}, err
		}
		switch {
		case news.Error != nil:
			return Claim{}, news.Error
		case news.Claim != nil:
			return *news.Claim, nil
		case news.Place != nil:
			place(*news.Place)
		}
	}
}

func (c *Client) read(lines *json.Decoder, out any) error {
	if err := lines.Decode(out); err != nil {
		return fmt.Errorf("read the answer of the daemon at %s: %w", c.socket, err)
	}
	return nil
}

// Release ends a claim, as options say.
func (c *Client) Release(ctx context.Context, name string, options ReleaseOptions) (Released, error) {
	query := url.Values{}
	if options.Until != "" {
		query.Set("until", string(options.Until))
	}
	if options.Discard {
		query.Set("discard", "true")
	}
	if options.ContainerID != "" {
		query.Set("containerID", options.ContainerID)
	}
	response, err := c.ask(ctx, c.patient, http.MethodDelete, claimPath(name, "?"+query.Encode()), nil)
	if err != nil {
		return Released{}, err
	}
	defer response.Body.Close()
	var released Released
	return released, c.read(json.NewDecoder(response.Body), &released)
}

// Extend moves the end of a claim, by that much from now.
func (c *Client) Extend(ctx context.Context, name string, by time.Duration) (Claim, error) {
	var claim Claim
	return claim, c.call(ctx, http.MethodPost, claimPath(name, "/extend"), extendRequest{spec.Duration(by)}, &claim)
}
