package terminal_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/term"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/terminal"
)

// typed is a keyboard on which one chunk after the other is typed.
type typed []string

func (t *typed) Read(p []byte) (int, error) {
	if len(*t) == 0 {
		return 0, io.EOF
	}
	n := copy(p, (*t)[0])
	*t = (*t)[1:]
	return n, nil
}

var _ = Describe("Detach keys", func() {
	errLeft := errors.New("left")

	DescribeTable("end the input where they are typed, and only then",
		func(keys string, chunks typed, passed string, left bool) {
			parsed, err := terminal.ParseKeys(keys)
			Expect(err).NotTo(HaveOccurred())
			var out strings.Builder
			_, err = io.Copy(&out, parsed.Detaching(&chunks, errLeft))
			Expect(out.String()).To(Equal(passed))
			Expect(errors.Is(err, errLeft)).To(Equal(left))
		},
		Entry("at once", "ctrl-p,ctrl-q", typed{"ab\x10\x11c"}, "ab", true),
		Entry("one after the other", "ctrl-p,ctrl-q", typed{"ab", "\x10", "\x11", "c"}, "ab", true),
		Entry("not", "ctrl-p,ctrl-q", typed{"a\x10", "b\x11"}, "a\x10b\x11", false),
		Entry("others", "a,ctrl-]", typed{"\x10\x11", "ba", "\x1d"}, "\x10\x11b", true),
		Entry("none", "", typed{"\x10\x11"}, "\x10\x11", false),
	)

	It("are refused where they are none", func() {
		_, err := terminal.ParseKeys("ctrl-1")
		Expect(err).To(MatchError(ContainSubstring("say them as in ctrl-p,ctrl-q")))
	})
})

var _ = Describe("A terminal", func() {
	var keyboard, screen *os.File
	BeforeEach(func() {
		var err error
		keyboard, screen, err = pty.Open()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { _, _ = keyboard.Close(), screen.Close() })
		Expect(pty.Setsize(keyboard, &pty.Winsize{Rows: 30, Cols: 90})).To(Succeed())
	})
	state := func() *term.State {
		GinkgoHelper()
		s, err := term.GetState(int(screen.Fd()))
		Expect(err).NotTo(HaveOccurred())
		return s
	}

	It("is told from other streams", func() {
		_, is := terminal.Of(screen)
		Expect(is).To(BeTrue())
		_, is = terminal.Of(strings.NewReader(""))
		Expect(is).To(BeFalse())
	})

	It("is raw until it is given back, which may be more than once", func() {
		before := state()
		restore, err := terminal.Raw(screen)
		Expect(err).NotTo(HaveOccurred())
		Expect(state()).NotTo(Equal(before))
		restore()
		Expect(state()).To(Equal(before))
		restore()
	})

	It("tells its sizes, of those that nobody takes the last", func(ctx SpecContext) {
		within, done := context.WithCancel(ctx)
		defer done()
		sizes := terminal.Sizes(within, screen)
		Expect(terminal.Size(screen)).To(Equal(runtime.TerminalSize{Rows: 30, Cols: 90}))
		for _, rows := range []uint16{31, 32} {
			Expect(pty.Setsize(keyboard, &pty.Winsize{Rows: rows, Cols: 90})).To(Succeed())
			Expect(syscall.Kill(os.Getpid(), syscall.SIGWINCH)).To(Succeed())
		}
		Eventually(sizes).Should(Receive(Equal(runtime.TerminalSize{Rows: 32, Cols: 90})))
	})

	It("is an error where it is none", func() {
		file, err := os.Open(os.DevNull)
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		_, err = terminal.Raw(file)
		Expect(err).To(MatchError(ContainSubstring("/dev/null")))
		_, err = terminal.Size(file)
		Expect(err).To(MatchError(ContainSubstring("/dev/null")))
	})
})

var _ = Describe("Signals", func() {
	It("come by their names, and have exit codes", func(ctx SpecContext) {
		within, done := context.WithCancel(ctx)
		defer done()
		names := terminal.Signals(within)
		for name, signal := range map[string]syscall.Signal{"HUP": syscall.SIGHUP, "USR2": syscall.SIGUSR2} {
			Expect(syscall.Kill(os.Getpid(), signal)).To(Succeed())
			Eventually(names).Should(Receive(Equal(name)))
		}
		Expect(terminal.ExitCode("HUP")).To(Equal(129))
		Expect(terminal.ExitCode("TERM")).To(Equal(143))
	})
})
