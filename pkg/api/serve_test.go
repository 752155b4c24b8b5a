package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"hal-controller/pkg/api"
	"hal-controller/pkg/api/fake"
)

// serve serves h on a socket of its own until the spec ends, or stop.
func serve(h http.Handler) (socket string, stop func() error) {
	GinkgoHelper()
	socket = filepath.Join(GinkgoT().TempDir(), "run", "hal.sock")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- api.Serve(ctx, api.Socket{Path: socket}, h) }()
	stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	DeferCleanup(func() { _ = stop() })
	Eventually(func() error { return connect(socket) }).Should(Succeed())
	return socket, stop
}

func connect(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return conn.Close()
}

var _ = Describe("Serve", func() {
	It("makes the socket's directory, and lets only owner and group connect", func() {
		socket, _ := serve(api.NewServer(&fake.Backend{}))
		info, err := os.Stat(socket)
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o660)))
	})

	It("lets a group connect, which has to be there", func(ctx SpecContext) {
		if os.Geteuid() != 0 {
			Skip("only root can give a file to any group")
		}
		dir := GinkgoT().TempDir()
		path := filepath.Join(dir, "sock")
		ctx2, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- api.Serve(ctx2, api.Socket{Path: path, Group: "4711"}, http.NotFoundHandler()) }()
		Eventually(func() (uint32, error) {
			info, err := os.Stat(path)
			if err != nil {
				return 0, err
			}
			return info.Sys().(*syscall.Stat_t).Gid, nil
		}).Should(BeEquivalentTo(4711))
		stop()
		Eventually(ended).Should(Receive(BeNil()))
		Expect(api.Serve(ctx, api.Socket{Path: path, Group: "no-such-group"}, http.NotFoundHandler())).
			To(MatchError(And(ContainSubstring(`let group "no-such-group" use socket`), ContainSubstring("groupadd"))))
		Expect(path).NotTo(BeAnExistingFile())
	})

	It("removes the socket at its end, which is no error", func() {
		socket, stop := serve(api.NewServer(&fake.Backend{}))
		Expect(stop()).To(Succeed())
		Expect(socket).NotTo(BeAnExistingFile())
	})

	It("replaces a socket that nobody listens on", func() {
		path := filepath.Join(GinkgoT().TempDir(), "hal.sock")
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
		Expect(err).NotTo(HaveOccurred())
		listener.SetUnlinkOnClose(false)
		Expect(listener.Close()).To(Succeed())
		Expect(path).To(BeAnExistingFile())

		ctx, cancel := context.WithCancel(context.Background())
		DeferCleanup(cancel)
		go func() { _ = api.Serve(ctx, api.Socket{Path: path}, api.NewServer(&fake.Backend{})) }()
		Eventually(func() error { return connect(path) }).Should(Succeed())
	})

	It("refuses a socket that is in use, and names the process", func(ctx SpecContext) {
		socket, _ := serve(api.NewServer(&fake.Backend{}))
		err := api.Serve(ctx, api.Socket{Path: socket}, http.NotFoundHandler())
		Expect(err).To(MatchError(MatchRegexp(`listen on socket .*hal\.sock: process \d+ serves it: stop that one`)))
		Expect(connect(socket)).To(Succeed())
	})

	It("leaves a file alone that is no socket", func(ctx SpecContext) {
		path := filepath.Join(GinkgoT().TempDir(), "notes.txt")
		Expect(os.WriteFile(path, []byte("mine"), 0o600)).To(Succeed())
		Expect(api.Serve(ctx, api.Socket{Path: path}, http.NotFoundHandler())).To(MatchError(ContainSubstring("no socket")))
		Expect(os.ReadFile(path)).To(BeEquivalentTo("mine"))
	})

	It("says that a path is too long for a socket", func(ctx SpecContext) {
		err := api.Serve(ctx, api.Socket{Path: "/tmp/" + strings.Repeat("x", 120)}, http.NotFoundHandler())
		Expect(err).To(MatchError(ContainSubstring("at most 107 bytes: choose a shorter one with --socket")))
	})

	It("ends although clients hang", func() {
		socket, stop := serve(api.NewServer(&fake.Backend{}))
		silent, err := net.Dial("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(silent.Close)
		halfway, err := net.Dial("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(halfway.Close)
		_, err = io.WriteString(halfway, "POST /v1/apply HTTP/1.1\r\nHost: hal\r\nContent-Length: 100\r\n\r\nhalf")
		Expect(err).NotTo(HaveOccurred())
		Expect(stop()).To(Succeed())
	})

	It("answers others while one client does not read what it asked for", func(ctx SpecContext) {
		backend := &fake.Backend{}
		backend.SetLogs("chatty", strings.Repeat("all work and no play\n", 1<<16))
		socket, _ := serve(api.NewServer(backend))
		deaf, err := api.NewClient(socket).Logs(ctx, "chatty", -1, true)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(deaf.Close)
		_, err = api.NewClient(socket).Info(ctx)
		Expect(err).NotTo(HaveOccurred())
	})

	It("knows who asks, and logs changes with it", func(ctx SpecContext) {
		var peer api.Credentials
		var lines []string
		log := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{})
		backend := &fake.Backend{}
		backend.SetPools(pool("dev", 1))
		inner := api.NewServer(backend)
		socket, stop := serve(api.LogChanges(log, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peer, _ = api.Peer(r.Context())
			inner.ServeHTTP(w, r)
		})))
		client := api.NewClient(socket)
		Expect(client.Pools(ctx)).To(HaveLen(1))
		Expect(client.Scale(ctx, "dev", 2)).To(Succeed())
		Expect(stop()).To(Succeed())
		Expect(peer).To(Equal(api.Credentials{PID: int32(os.Getpid()), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}))
		Expect(lines).To(HaveLen(1))
		Expect(lines[0]).To(And(ContainSubstring(`"path"="/v1/pools/dev/scale"`), ContainSubstring(`"uid"=`)))
	})
})
