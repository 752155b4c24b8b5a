package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeader      = 16 << 10
	shutdownWithin = 2 * time.Second
	socketMode     = 0o660
	// maxSocketPath is what the kernel has room for, without the final NUL.
	maxSocketPath = 107
)

// Socket is where the API is served.
type Socket struct {
	Path string
	// Group, by name or number, is whose members may connect, beside the process's
	// own user. Empty: the process's own group.
	Group string
}

// Serve answers requests on a Unix socket of mode 0660 until ctx ends, and then
// returns nil, the socket removed. Its directory is made where it is missing; a
// socket that nobody listens on is replaced, and one that is in use is an error.
// Requests under way, and sessions, have a moment to end; streams end with ctx.
func Serve(ctx context.Context, socket Socket, h http.Handler) error {
	listener, err := socket.listen(ctx)
	if err != nil {
		return err
	}
	handlers := &counted{Handler: h}
	server := &http.Server{
		Handler: handlers, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: withPeer,
	}
	group, ending := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the API on %s: %w", socket.Path, err)
		}
		return nil
	})
	group.Go(func() error {
		<-ending.Done()
		shutdown(server)
		handlers.wait()
		return nil
	})
	return group.Wait()
}

// shutdown cuts off whoever is not done in time: a client that hangs must not
// keep the controller from ending.
func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownWithin)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

// counted knows which requests are under way, those too whose connections have
// become something else: an HTTP server forgets these, which have something to
// end yet.
type counted struct {
	http.Handler
	underWay sync.WaitGroup
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.underWay.Add(1)
	defer c.underWay.Done()
	c.Handler.ServeHTTP(w, r)
}

// wait returns when all have ended, or time is out. It follows the last request.
func (c *counted) wait() {
	ended := make(chan struct{})
	go func() {
		c.underWay.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(shutdownWithin):
	}
}

func (s Socket) listen(ctx context.Context) (net.Listener, error) {
	if len(s.Path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %s: a socket's path has at most %d bytes: choose a shorter one with --socket", s.Path, maxSocketPath)
	}
	gid, err := s.gid()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o755); err != nil {
		return nil, fmt.Errorf("make the directory of socket %s: %w: choose another with --socket", s.Path, err)
	}
	if err := clearStale(ctx, s.Path); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", s.Path)
	if err != nil {
		return nil, fmt.Errorf("listen on socket %s: %w: choose another with --socket", s.Path, err)
	}
	if err := errors.Join(os.Chmod(s.Path, socketMode), os.Chown(s.Path, -1, gid)); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("say who may use socket %s: %w", s.Path, err)
	}
	return listener, nil
}

// gid is the group's number; -1 for no group.
func (s Socket) gid() (int, error) {
	if s.Group == "" {
		return -1, nil
	}
	if gid, err := strconv.ParseUint(s.Group, 10, 31); err == nil {
		return int(gid), nil
	}
	group, err := user.LookupGroup(s.Group)
	if err != nil {
		return 0, fmt.Errorf("let group %q use socket %s: %w: make it with groupadd", s.Group, s.Path, err)
	}
	return strconv.Atoi(group.Gid)
}

// clearStale removes a socket that nobody listens on, as a killed process
// leaves it, and nothing else.
func clearStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at socket %s: %w", path, err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listen on %s: it is there, and no socket: remove it, or choose another with --socket", path)
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
	if errors.Is(err, unix.ECONNREFUSED) {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove the stale socket %s: %w", path, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("find out who listens on socket %s: %w", path, err)
	}
	defer conn.Close()
	holder, _ := credentials(conn)
	return fmt.Errorf("listen on socket %s: process %d serves it: stop that one, or choose another with --socket", path, holder.PID)
}
