package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/runtime"
)

// answering is an engine that gives every call but the version's one answer. It
// reads each request to its end, as engines do: one that answers and hangs up
// before breaks the pipe under a caller that is still writing.
func answering(handler http.HandlerFunc) *Engine {
	GinkgoHelper()
	listener, endpoint := listen()
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("API-Version", "1.41") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			handler(w, r)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	DeferCleanup(server.Close)
	engine, err := New(endpoint, "default")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(engine.Close)
	return engine
}

func status(code int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"message": %q}`, message)
	}
}

const id = "5f0c38cf0e1f"

// classOf is all that a caller can tell an error by.
func classOf(err error) error {
	class := errOther
	for _, each := range []error{
		runtime.ErrUnavailable, runtime.ErrNotFound, runtime.ErrImageMissing, runtime.ErrNameTaken,
		runtime.ErrForeign, runtime.ErrInvalid, runtime.ErrInUse, runtime.ErrStuck,
	} {
		if errors.Is(err, each) {
			Expect(class).To(Equal(errOther), "%v is of two classes", err)
			class = each
		}
	}
	return class
}

// errOther stands for an error of no class.
var errOther = errors.New("no class")

var _ = Describe("An answer of the engine", func() {
	start := func(e *Engine) error { return e.Start(context.Background(), id) }
	create := func(e *Engine) error {
		_, err := e.Create(context.Background(), runtime.ContainerSpec{Name: "a", Image: "i"})
		return err
	}
	removal := func(e *Engine) error { return e.Remove(context.Background(), id) }
	update := func(e *Engine) error { return e.Update(context.Background(), id, runtime.Limits{CPU: 1, Memory: 1}) }
	importing := func(e *Engine) error { return e.ImportPause(context.Background()) }

	DescribeTable("means what it means to that call",
		func(call func(*Engine) error, code int, message string, want error) {
			err := call(answering(status(code, message)))
			if want == nil {
				Expect(err).NotTo(HaveOccurred())
				return
			}
			Expect(classOf(err)).To(Equal(want))
			Expect(err).To(MatchError(HaveSuffix(message)))
			Expect(err).NotTo(MatchError(ContainSubstring("daemon")))
		},
		Entry("404 to a start", start, 404, "No such container: "+id, runtime.ErrNotFound),
		Entry("404 to a start, of another container", start, 404, "No such container: 77", runtime.ErrInvalid),
		Entry("400 to a start", start, 400, "no such executable", runtime.ErrInvalid),
		Entry("409 to a start", start, 409, "cannot join network of a non running container", runtime.ErrInvalid),
		Entry("409 to a start, of one that is going", start, 409, "container is marked for removal and cannot be started", runtime.ErrNotFound),
		Entry("500 to a start, for a port", start, 500, "Bind for 127.0.0.1:80 failed: port is already allocated", runtime.ErrInvalid),
		Entry("500 to a start, of one whose sandbox is gone", start, 500, "joining network namespace of container: No such container: 77", runtime.ErrInvalid),
		Entry("409 to a start, of one that was being started when the engine was killed", start, 409, "task "+id+": already exists", runtime.ErrStuck),
		Entry("500 to a start, of such a one", start, 500, "failed to create task for container: task "+id+": already exists: unknown", runtime.ErrStuck),
		Entry("500 to a start", start, 500, "disk on fire", errOther),
		Entry("503 to a start", start, 503, "going down", runtime.ErrUnavailable),
		Entry("404 to a create", create, 404, "No such image: i", runtime.ErrImageMissing),
		Entry("400 to a create", create, 400, "invalid mount", runtime.ErrInvalid),
		Entry("404 to a removal", removal, 404, "No such container", nil),
		Entry("409 to a removal", removal, 409, "removal of container x is already in progress", nil),
		Entry("409 to a removal, of another kind", removal, 409, "You cannot remove it", errOther),
		Entry("409 to an update, of one that is going", update, 409, "Container is marked for removal and cannot be \"update\"", runtime.ErrNotFound),
		Entry("500 to a look for an image", importing, 500, "disk on fire", errOther),
	)

	DescribeTable("to a start, of a port that is taken, is for good where the engine has forgotten the container's network",
		func(networks string, want error) {
			engine := answering(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					fmt.Fprintf(w, `{"Id": %q, "HostConfig": {"NetworkMode": "hal-dev"}, "NetworkSettings": {"Networks": %s}}`, id, networks)
					return
				}
				status(http.StatusInternalServerError, "port is already allocated")(w, r)
			})
			Expect(classOf(start(engine))).To(Equal(want))
		},
		Entry("forgotten", `{}`, runtime.ErrStuck),
		Entry("known", `{"hal-dev": {}}`, runtime.ErrInvalid),
	)

	It("that is cut short is worth a retry", func() {
		err := start(answering(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"mess`)
		}))
		Expect(err).To(HaveOccurred())
		Expect(classOf(err)).To(Equal(errOther))
	})

	It("that does not come within the context's time is the context's error", func(ctx SpecContext) {
		engine := answering(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		err := engine.Start(short, id)
		Expect(err).To(MatchError(context.DeadlineExceeded))
		Expect(err).NotTo(MatchError(runtime.ErrUnavailable))
	})

	It("that never comes because the engine went away names the endpoint and why that one", func(ctx SpecContext) {
		listener, endpoint := listen()
		Expect(listener.Close()).To(Succeed())
		engine, err := New(endpoint, "default")
		Expect(err).NotTo(HaveOccurred())
		err = engine.Ping(ctx)
		Expect(err).To(MatchError(runtime.ErrUnavailable))
		Expect(err).To(MatchError(ContainSubstring(endpoint.Host + " (a test)")))
	})
})
