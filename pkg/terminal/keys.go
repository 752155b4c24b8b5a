package terminal

import (
	"errors"
	"fmt"
	"io"

	"github.com/moby/term"
)

// Keys is a sequence of keys to detach with, as they are typed.
type Keys []byte

// ParseKeys reads a sequence such as "ctrl-p,ctrl-q"; "" is none.
func ParseKeys(text string) (Keys, error) {
	if text == "" {
		return nil, nil
	}
	keys, err := term.ToBytes(text)
	if err != nil {
		return nil, fmt.Errorf("%q are no keys: say them as in ctrl-p,ctrl-q: single characters and ctrl- with a letter or one of @ [ \\ ] ^ _, between commas", text)
	}
	return keys, nil
}

// Detaching is a reader that ends with detached when the keys have been typed.
// They are passed on as soon as another follows in their place.
func (k Keys) Detaching(r io.Reader, detached error) io.Reader {
	if len(k) == 0 {
		return r
	}
	return detaching{term.NewEscapeProxy(r, k), detached}
}

type detaching struct {
	io.Reader
	detached error
}

func (d detaching) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if errors.Is(err, term.EscapeError{}) {
		err = d.detached
	}
	return n, err
}
