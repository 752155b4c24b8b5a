package claim

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Audit writes who did what with which claim, a line of JSON each, to a file that
// only grows. A nil Audit writes nothing.
type Audit struct {
	log  *slog.Logger
	file *os.File
}

// Entry is one line. It has no values of variables and no secrets.
type Entry struct {
	Who       uint32 // the person's user id
	What      string // claim, release, exec, ...
	Claim     string
	Pool      string
	Container string // its id
	Err       error  // why it was refused or failed; nil: it was done
}

// OpenAudit opens the file, which is made where it is missing, readable by its
// owner only.
func OpenAudit(path string) (*Audit, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	plain := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}
	return &Audit{slog.New(slog.NewJSONHandler(file, &slog.HandlerOptions{ReplaceAttr: plain})), file}, nil
}

// Close closes the file.
func (a *Audit) Close() error {
	if a == nil {
		return nil
	}
	return a.file.Close()
}

func (a *Audit) write(e Entry) {
	if a == nil {
		return
	}
	attributes := []slog.Attr{
		slog.Any("uid", e.Who), slog.String("what", e.What), slog.String("claim", e.Claim),
		slog.String("pool", e.Pool), slog.String("container", e.Container), slog.String("outcome", outcomeOf(e.Err)),
	}
	if e.Err != nil {
		attributes = append(attributes, slog.String("error", e.Err.Error()))
	}
	a.log.LogAttrs(context.Background(), slog.LevelInfo, "", attributes...)
}

func outcomeOf(err error) string {
	if err == nil {
		return "done"
	}
	return "refused"
}
