package sbom

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxLine is the longest line of dpkg's status that is read, in bytes.
const maxLine = 1 << 20

// dpkg reads the status file: paragraphs of "Field: value", of which only the
// installed packages count.
func (s *scanner) dpkg(name string, content io.Reader) error {
	fields := map[string]string{}
	paragraph := func() error {
		defer clear(fields)
		if !strings.HasSuffix(fields["Status"], " installed") {
			return nil
		}
		return s.add(name, Package{
			Type: Deb, Namespace: "debian", Name: fields["Package"], Version: fields["Version"], Arch: fields["Architecture"],
		})
	}
	lines := bufio.NewScanner(content)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			if err := paragraph(); err != nil {
				return err
			}
			continue
		}
		switch key, value, _ := strings.Cut(line, ":"); key {
		case "Package", "Version", "Architecture", "Status":
			fields[key] = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read dpkg's status: %w", err)
	}
	return paragraph()
}
