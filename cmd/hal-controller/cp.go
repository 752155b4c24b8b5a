package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const cpLong = `Copy a file, or a directory with all below it, into the worker of a claim or out of
it. Into a directory that exists it goes under its own name, else it gets the name
that is given; DIR/. stands for all that is in DIR. A relative path in the worker
begins in its working directory. Both ends must have tar.

What comes out belongs to who copies it. Links that lead out of what is copied, and
what is neither file, directory nor link, are left out: cp says so, and exits with 1.`

func newCp(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "cp CLAIM:PATH LOCAL | cp LOCAL CLAIM:PATH", Short: "Copy files into a claimed worker or out of it", Long: cpLong,
		GroupID: groupUse,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("say from where and to where, as in: %s fix:/workspace/report.html . or: %s notes.md fix:", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: a.completePlaces,
		Example:           "  hal-controller cp fix:/workspace/report.html .\n  hal-controller cp ./data/. fix:/workspace/data",
		RunE: func(c *cobra.Command, args []string) error {
			from, fromWorker := placeOf(args[0])
			to, toWorker := placeOf(args[1])
			switch {
			case fromWorker && !toWorker:
				return a.copyOut(c.Context(), from, args[1])
			case toWorker && !fromWorker:
				return a.copyIn(c.Context(), args[0], to)
			default:
				return usagef("one of %q and %q must be in a worker, as CLAIM:PATH, and the other here; ./a:b is a file of that name here", args[0], args[1])
			}
		},
	}
}

// place is a path in a claim's worker.
type place struct{ claim, path string }

// placeOf reads "CLAIM:PATH". As for scp, what has a slash before the colon is a
// file here.
func placeOf(argument string) (place, bool) {
	claim, name, found := strings.Cut(argument, ":")
	if !found || claim == "" || strings.Contains(claim, "/") {
		return place{}, false
	}
	if name == "" {
		name = "."
	}
	return place{claim, name}, true
}

// contents says whether a path stands for what is in a directory.
func contents(name string) bool { return path.Base(name) == "." || strings.HasSuffix(name, "/.") }

// destination opens the directory to copy into, and says under what name.
func destination(to, name string) (*os.Root, string, error) {
	info, err := os.Stat(to)
	switch {
	case err == nil && info.IsDir():
	case err == nil && name == ".":
		return nil, "", errors.New("it is no directory")
	case err == nil:
		to, name = filepath.Split(to)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, "", err
	case name == ".":
		if err := os.Mkdir(to, 0o755); err != nil {
			return nil, "", err
		}
	case strings.HasSuffix(to, "/"):
		return nil, "", err
	default:
		to, name = filepath.Split(to)
	}
	root, err := os.OpenRoot(orDot(to))
	return root, name, err
}

func orDot(directory string) string {
	if directory == "" {
		return "."
	}
	return directory
}
