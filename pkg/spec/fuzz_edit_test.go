package spec_test

import (
	"bytes"
	"testing"

	"hal-controller/pkg/spec"
)

// FuzzEdit has every edit refuse a text, or keep all of it but what it changes.
func FuzzEdit(f *testing.F) {
	for _, text := range []string{
		smallest, aligned, inJSON, crlf(aligned), bom + aligned, "--- {}\n", "---\n---\n", "%YAML 1.1\n---\n" + smallest,
		"? kind\n: Pool\n", changed("warm: 3", "warm: &a 3") + "x: *a\n",
	} {
		f.Add([]byte(text), 4, true)
	}
	f.Fuzz(func(t *testing.T, data []byte, n int, suspend bool) {
		before := bytes.Clone(data)
		if result, err := spec.SetWarm(data, "dev", n); err == nil {
			kept(t, data, result, 20)
		}
		if result, err := spec.SetSuspend(data, "dev", suspend); err == nil {
			kept(t, data, result, len("false"))
		}
		if result, err := spec.RemoveDocument(data, "dev"); err == nil {
			kept(t, result, data, 0)
		}
		if result, err := spec.AppendDocument(data, []byte(smallest)); err == nil {
			kept(t, data, result, 0)
		}
		if doc, err := spec.Document(data, "dev"); err == nil {
			if result, err := spec.ReplaceDocument(data, "dev", doc); err == nil && !bytes.Contains(data, []byte("\r")) {
				kept(t, data, result, 0)
			}
		}
		if !bytes.Equal(data, before) {
			t.Fatalf("the argument was changed")
		}
	})
}

// kept fails unless a is b with one stretch put in for at most lost bytes.
func kept(t *testing.T, a, b []byte, lost int) {
	t.Helper()
	first, last := 0, 0
	for first < min(len(a), len(b)) && a[first] == b[first] {
		first++
	}
	for last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	if len(a)-first-last > lost {
		t.Fatalf("%q\nbecame\n%q", a, b)
	}
}
