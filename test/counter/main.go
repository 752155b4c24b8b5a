package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	shutdownTimeout   = 3 * time.Second
	readHeaderTimeout = 5 * time.Second
)

func main() {
	listen := flag.String("listen", ":8000", "address to serve on")
	data := flag.String("data", "/data", "directory that keeps the count")
	flag.Parse()

	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *listen, *data, log); err != nil {
		log.Error("counter ends", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx is done, then lets requests under way finish.
func run(ctx context.Context, address, data string, log *slog.Logger) error {
	hits, err := openCounter(filepath.Join(data, "hits"))
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	server := &http.Server{Handler: newHandler(hits, log), ReadHeaderTimeout: readHeaderTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	log.Info("counter serves", "address", listener.Addr().String(), "hits", hits.n)

	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", address, err)
	case <-ctx.Done():
	}
	log.Info("counter stops")
	grace, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("finish the requests under way: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", address, err)
	}
	return nil
}
