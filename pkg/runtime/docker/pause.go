package docker

import (
	"archive/tar"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/docker/docker/api/types/image"

	"hal-controller/pkg/runtime"
)

// pausePath is where the pause image has the controller's binary.
const pausePath = "hal-controller"

// pauseChanges configure the image; the process needs no rights.
var pauseChanges = []string{
	`ENTRYPOINT ["/` + pausePath + `", "pause"]`,
	`USER 65534:65534`,
}

// ImportPause implements runtime.Images. The image is made of one file, the
// controller's own binary, so it needs no registry. One that exists is left: an
// import would move its name to a twin.
func (e *Engine) ImportPause(ctx context.Context) error {
	if _, err := e.Image(ctx, runtime.PauseImage); !errors.Is(err, runtime.ErrImageMissing) {
		return err
	}
	path, err := e.pauseBinaryPath()
	if err != nil {
		return err
	}
	if err := runsAlone(path); err != nil {
		return err
	}
	return e.importFile(ctx, path, pausePath, runtime.PauseImage, pauseChanges)
}

func (e *Engine) pauseBinaryPath() (string, error) {
	if e.pauseBinary != "" {
		return e.pauseBinary, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("pause image: where this program's own binary is: %w", err)
	}
	return path, nil
}

// runsAlone says why a binary cannot be the only file of an image.
func runsAlone(path string) error {
	const wayOut = "the pause image needs a static Linux binary of hal-controller: make one with `make build`"
	file, err := elf.Open(path)
	var noELF *elf.FormatError
	if errors.As(err, &noELF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is no Linux binary; %s", path, wayOut)
	}
	if err != nil {
		return fmt.Errorf("pause image: %w", err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically; %s", path, wayOut)
		}
	}
	return nil
}

// importFile makes an image of one executable file.
func (e *Engine) importFile(ctx context.Context, path, name, ref string, changes []string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	defer file.Close()
	reader, writer := io.Pipe()
	defer reader.Close() // ends the writer when the engine stops reading
	go func() { _ = writer.CloseWithError(writeTar(writer, file, name)) }()
	body, err := e.client.ImageImport(ctx, image.ImportSource{Source: reader, SourceName: "-"}, ref,
		image.ImportOptions{Changes: changes})
	if err != nil {
		return e.failure(err)
	}
	defer body.Close()
	return importResult(body)
}

func writeTar(w io.Writer, file *os.File, name string) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	if _, err := io.Copy(archive, file); err != nil {
		return err
	}
	return archive.Close()
}

// importResult reads the engine's progress to its end, where an error would be:
// the status line was sent before the work began.
func importResult(body io.Reader) error {
	for decoder := json.NewDecoder(body); ; {
		var line struct{ Error string }
		switch err := decoder.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}
