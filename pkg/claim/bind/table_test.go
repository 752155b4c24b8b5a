package bind

import (
	"strings"

	"github.com/moby/sys/mountinfo"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("What the mount table says of a slot", func() {
	const around = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 254:1 / /home rw,relatime shared:2 - xfs /dev/vdb rw
24 22 254:0 /state/slots /state/slots rw,relatime shared:3 - ext4 /dev/vda rw
`
	DescribeTable("is what is bound to it",
		func(lines string, want Binding, bound bool) {
			table, err := mountinfo.GetMountsFromReader(strings.NewReader(around+lines), nil)
			Expect(err).NotTo(HaveOccurred())
			got, yes := findBinding(table, "/state/slots", "/state/slots/dev-0/workspace")
			Expect(yes).To(Equal(bound))
			Expect(got).To(Equal(want))
		},
		Entry("nothing", "", Binding{}, false),
		Entry("nothing, when only its neighbour has something",
			"30 24 254:1 /a /state/slots/dev-0/workspace2 rw - xfs /dev/vdb rw\n", Binding{}, false),
		Entry("a directory of a file system mounted elsewhere",
			"30 24 254:1 /ann/shop /state/slots/dev-0/workspace rw,nosuid,nodev,idmapped shared:9 - xfs /dev/vdb rw\n",
			Binding{Source: "/home/ann/shop", IDMapped: true}, true),
		Entry("a directory with blanks in its name, read-only",
			`30 24 254:0 /srv/my\040shop /state/slots/dev-0/workspace ro,nosuid - ext4 /dev/vda rw`+"\n",
			Binding{Source: "/srv/my shop", ReadOnly: true}, true),
		Entry("the topmost of several",
			"30 24 254:0 /a /state/slots/dev-0/workspace rw - ext4 /dev/vda rw\n31 30 254:0 /b /state/slots/dev-0/workspace rw - ext4 /dev/vda rw\n",
			Binding{Source: "/b"}, true),
		Entry("a directory that was removed",
			"30 24 254:0 /a//deleted /state/slots/dev-0/workspace rw - ext4 /dev/vda rw\n", Binding{}, true),
		Entry("a directory of a file system that is mounted nowhere else",
			"30 24 0:99 /a /state/slots/dev-0/workspace rw - tmpfs x rw\n", Binding{}, true),
	)
})
