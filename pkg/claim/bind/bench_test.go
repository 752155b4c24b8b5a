package bind

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkBind measures what a claim waits for: an id-mapped bind for a person
// that was served before.
func BenchmarkBind(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("needs root")
	}
	s, err := Open(filepath.Join(b.TempDir(), "slots"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = unix.Unmount(s.dir, unix.MNT_DETACH) }()
	if err := s.Make("dev-0", "workspace"); err != nil {
		b.Fatal(err)
	}
	source, err := os.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	bind := func() {
		result, err := s.Bind("dev-0", "workspace", source, Access{Mapping: mapped})
		if err != nil || !result.IDMapped {
			b.Fatal(result, err)
		}
	}
	unbind := func() {
		if err := s.Unbind("dev-0", "workspace"); err != nil {
			b.Fatal(err)
		}
	}
	bind()
	unbind()
	for b.Loop() {
		bind()
		b.StopTimer()
		unbind()
		b.StartTimer()
	}
}
