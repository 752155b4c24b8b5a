// Command main writes the JSON Schema of manifests into the working directory.
package main

import (
	"fmt"
	"os"

	"hal-controller/pkg/spec/internal/genschema"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "genschema:", err)
		os.Exit(1)
	}
}

func generate() error {
	text, err := genschema.Generate()
	if err != nil {
		return err
	}
	return os.WriteFile(genschema.File, text, 0o644)
}
