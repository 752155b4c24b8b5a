package docker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/pkg/stdcopy"
)

// maxBeforeMark is how much may come before the word of who a command is, such as
// a shell's complaint about its locale.
const maxBeforeMark = 64 << 10

// readAnnouncement reads up to the line that tells the command's process id, and
// returns that, and what else has been read. The id is "" where the stream ends
// without.
func readAnnouncement(r *bufio.Reader, tty bool) (pid string, stdout, stderr []byte, err error) {
	more := readChunk
	if tty {
		more = readTerminal
	}
	var out, errs bytes.Buffer
	for out.Len()+errs.Len() < maxBeforeMark {
		if before, pid, after, found := cutAnnouncement(out.Bytes()); found {
			return pid, append(before, after...), errs.Bytes(), nil
		}
		err := more(r, &out, &errs)
		if errors.Is(err, io.EOF) {
			return "", out.Bytes(), errs.Bytes(), nil
		}
		if err != nil {
			return "", nil, nil, err
		}
	}
	return "", nil, nil, fmt.Errorf("the shell that starts the command said too much: %.80q", out.String()+errs.String())
}

// cutAnnouncement takes the whole line out of an output.
func cutAnnouncement(out []byte) (before []byte, pid string, after []byte, found bool) {
	at := bytes.Index(out, []byte(mark))
	if at < 0 {
		return nil, "", nil, false
	}
	line, after, found := bytes.Cut(out[at+len(mark):], []byte("\n"))
	return bytes.Clone(out[:at]), strings.TrimRight(string(line), "\r"), after, found
}

// readTerminal reads what there is of a terminal's one output.
func readTerminal(r *bufio.Reader, out, _ *bytes.Buffer) error {
	b, err := r.ReadByte()
	if err != nil {
		return err
	}
	out.WriteByte(b)
	rest, err := r.Peek(r.Buffered())
	if err != nil {
		return err
	}
	out.Write(rest)
	_, err = r.Discard(len(rest))
	return err
}

// readChunk reads one frame of package stdcopy, which itself only reads to the end.
func readChunk(r *bufio.Reader, out, errs *bytes.Buffer) error {
	var header [8]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return err
	}
	to := out
	if stdcopy.StdType(header[0]) != stdcopy.Stdout {
		to = errs
	}
	size := int64(binary.BigEndian.Uint32(header[4:]))
	if _, err := io.CopyN(to, r, size); err != nil {
		return fmt.Errorf("read %d bytes of output: %w", size, io.ErrUnexpectedEOF)
	}
	return nil
}

// demultiplex takes the outputs apart, behind what has been read of them.
func (s *session) demultiplex(stdout, stderr []byte) {
	if s.tty {
		s.stdout = io.MultiReader(bytes.NewReader(stdout), s.stream.Reader)
		s.stderr = bytes.NewReader(stderr)
		return
	}
	outReader, out := io.Pipe()
	errReader, errs := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(out, errs, s.stream.Reader)
		if err != nil {
			err = s.engine.failure(err)
		}
		_ = out.CloseWithError(err)
		_ = errs.CloseWithError(err)
	}()
	s.stdout = io.MultiReader(bytes.NewReader(stdout), outReader)
	s.stderr = io.MultiReader(bytes.NewReader(stderr), errReader)
}
