package docker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/docker/docker/pkg/stdcopy"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// frame is a piece of output as the engine sends it.
func frame(stream stdcopy.StdType, text string) string {
	header := make([]byte, 8)
	header[0] = byte(stream)
	binary.BigEndian.PutUint32(header[4:], uint32(len(text)))
	return string(header) + text
}

var _ = Describe("The word of which process a command is", func() {
	type heard struct{ pid, stdout, stderr, rest string }

	DescribeTable("is taken out of the output",
		func(tty bool, stream string, want heard) {
			r := bufio.NewReader(strings.NewReader(stream))
			pid, stdout, stderr, err := readAnnouncement(r, tty)
			Expect(err).NotTo(HaveOccurred())
			rest, err := io.ReadAll(r)
			Expect(err).NotTo(HaveOccurred())
			Expect(heard{pid, string(stdout), string(stderr), string(rest)}).To(Equal(want))
		},
		Entry("of a frame of its own", false, frame(stdcopy.Stdout, "hal-session 17\n")+frame(stdcopy.Stdout, "x"),
			heard{pid: "17", rest: frame(stdcopy.Stdout, "x")}),
		Entry("of a frame with what the command says", false, frame(stdcopy.Stdout, "hal-session 17\nhello"),
			heard{pid: "17", stdout: "hello"}),
		Entry("of two frames", false, frame(stdcopy.Stdout, "hal-ses")+frame(stdcopy.Stdout, "sion 17\n"), heard{pid: "17"}),
		Entry("behind a shell's complaint", false, frame(stdcopy.Stderr, "no locale\n")+frame(stdcopy.Stdout, "hal-session 17\n"),
			heard{pid: "17", stderr: "no locale\n"}),
		Entry("of a terminal", true, "hal-session 17\r\nhello", heard{pid: "17", stdout: "hello"}),
		Entry("of a terminal behind a complaint", true, "no locale\r\nhal-session 17\r\n", heard{pid: "17", stdout: "no locale\r\n"}),
		Entry("and is none where no shell says it", false, frame(stdcopy.Stdout, "no such file\n"), heard{stdout: "no such file\n"}),
		Entry("and is none on a terminal where no shell says it", true, "no such file\r\n", heard{stdout: "no such file\r\n"}),
	)

	It("is not waited for without end", func() {
		flood := bytes.Repeat([]byte(frame(stdcopy.Stderr, strings.Repeat("x", 1<<10))), 100)
		_, _, _, err := readAnnouncement(bufio.NewReader(bytes.NewReader(flood)), false)
		Expect(err).To(MatchError(ContainSubstring("too much")))
	})

	It("is an error where the engine hangs up in the middle of a frame", func() {
		_, _, _, err := readAnnouncement(bufio.NewReader(strings.NewReader(frame(stdcopy.Stdout, "hello")[:10])), false)
		Expect(err).To(MatchError(io.ErrUnexpectedEOF))
	})
})
