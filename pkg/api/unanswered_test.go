package api

import (
	"io/fs"
	"net/url"
	"os"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// Root may use every socket, so this is not to be had from a real one in CI.
var _ = Describe("a client that may not use the socket", func() {
	It("says whom to ask as", func() {
		denied := &url.Error{Op: "Get", URL: "http://hal/v1/pools", Err: &os.SyscallError{Syscall: "connect", Err: fs.ErrPermission}}
		err := NewClient("/run/hal.sock").unanswered("GET", "/v1/pools", denied)
		Expect(err).To(Equal(&Error{CodeUnavailable, "no permission to use the daemon's socket /run/hal.sock: ask as its owner or a member of its group, for example with sudo"}))
	})
})
