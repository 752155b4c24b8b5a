package api

import (
	"context"
	"net"
	"net/http"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
)

// Credentials are those of a process at the other end of a Unix socket, as the
// kernel vouches for them: at the time it connected.
type Credentials struct {
	PID      int32
	UID, GID uint32
}

type peerKey struct{}

// Peer is who has sent the request that ctx belongs to; false where the
// connection does not tell.
func Peer(ctx context.Context) (Credentials, bool) {
	c, ok := ctx.Value(peerKey{}).(Credentials)
	return c, ok
}

// withPeer keeps the credentials of a connection for its requests.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := credentials(conn); ok {
		return context.WithValue(ctx, peerKey{}, c)
	}
	return ctx
}

func credentials(conn net.Conn) (Credentials, bool) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return Credentials{}, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return Credentials{}, false
	}
	var found *unix.Ucred
	err = raw.Control(func(fd uintptr) {
		found, _ = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil || found == nil {
		return Credentials{}, false
	}
	return Credentials{PID: found.Pid, UID: found.Uid, GID: found.Gid}, true
}

// LogChanges logs each request that may change something, and who sent it.
func LogChanges(log logr.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			peer, _ := Peer(r.Context())
			log.Info("asked for a change", "method", r.Method, "path", r.URL.Path, "pid", peer.PID, "uid", peer.UID, "gid", peer.GID)
		}
		next.ServeHTTP(w, r)
	})
}
