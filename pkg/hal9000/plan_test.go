package hal9000

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var (
	alice = Person{"alice", 1000, 1000}
	bob   = Person{"bob", 1002, 1002}
)

// known are the people of these specs.
func known() map[string]Person {
	return map[string]Person{UserHash("alice"): alice, UserHash("bob"): bob}
}

// String is a plan in lines.
func (p Plan) String() string {
	var b strings.Builder
	for _, c := range p.Copies {
		fmt.Fprintf(&b, "%s -> %s\n", strings.Join(c.From, " "), c.To)
	}
	for _, l := range p.Left {
		fmt.Fprintf(&b, "%s %s\n", l.Volume, l.Reason)
	}
	return b.String()
}

var _ = Describe("The hash of a user", func() {
	It("is the one that HAL-9000 makes", func() {
		Expect(UserHash("root")).To(Equal("4813494d"))
	})
})

var _ = DescribeTable("The plan",
	func(change func(*Request), volumes []string, want string) {
		r := Request{Volumes: volumes, People: known()}
		change(&r)
		Expect(MakePlan(r).String()).To(Equal(want))
		slices.Reverse(r.Volumes)
		Expect(MakePlan(r).String()).To(Equal(want), "the order of the volumes does not matter")
	},
	Entry("is empty for no volumes", plainly, nil, ""),
	Entry("copies what is shared into the pool's volumes", plainly,
		[]string{"hal9000-chromadb", "hal9000-memorybank", "hal9000-plugins"},
		"hal9000-chromadb -> chromadb\nhal9000-memorybank -> memory-bank\nhal9000-plugins -> plugins\n"),
	Entry("makes one volume of the two names that HAL-9000 has had for a thing", plainly,
		[]string{"hal9000-base-plugins", "hal9000-memory-bank", "hal9000-memorybank", "hal9000-plugins"},
		"hal9000-base-plugins hal9000-plugins -> plugins\nhal9000-memory-bank hal9000-memorybank -> memory-bank\n"),
	Entry("gives each person what is theirs", plainly,
		[]string{"hal9000-claude-home-2bd806c9", "hal9000-claude-session-2bd806c9", "hal9000-memory-bank-2bd806c9", "hal9000-claude-home-81b637d8"},
		"hal9000-claude-home-81b637d8 -> claude-home of bob\n"+
			"hal9000-claude-home-2bd806c9 hal9000-claude-session-2bd806c9 -> claude-home of alice\n"+
			"hal9000-memory-bank-2bd806c9 -> own-memory-bank of alice\n"),
	Entry("shares the memory banks where that is asked for", func(r *Request) { r.ShareMemoryBanks = true },
		[]string{"hal9000-memory-bank-2bd806c9", "hal9000-memorybank", "hal9000-memory-bank-0badcafe"},
		"hal9000-memory-bank-2bd806c9 hal9000-memory-bank-0badcafe hal9000-memorybank -> memory-bank\n"),
	Entry("leaves a stranger's, and says how to name them", plainly,
		[]string{"hal9000-claude-home-0badcafe"},
		"hal9000-claude-home-0badcafe is of nobody who is known here: --user 0badcafe=NAME says whose it is\n"),
	Entry("leaves a person's of before there were hashes, and says how to give it to somebody", plainly,
		[]string{"hal9000-claude-home"},
		"hal9000-claude-home is of nobody who is known here: --user none=NAME says whose it is\n"),
	Entry("has what has a hash win over what has none", func(r *Request) { r.People[NoHash] = alice },
		[]string{"hal9000-claude-home", "hal9000-claude-session", "hal9000-claude-session-2bd806c9"},
		"hal9000-claude-session-2bd806c9 hal9000-claude-home hal9000-claude-session -> claude-home of alice\n"),
	Entry("leaves what only running containers needed", plainly,
		[]string{"hal9000-coordinator-state-2bd806c9", "hal9000-logs", "hal9000-tmux-sockets-2bd806c9"},
		"hal9000-coordinator-state-2bd806c9 has only what its running containers needed\n"+
			"hal9000-tmux-sockets-2bd806c9 has only what its running containers needed\n"+
			"hal9000-logs has only what its running containers needed\n"),
	Entry("leaves what HAL-9000 does not make", plainly,
		[]string{"hal9000-chromadb-2bd806c9", "hal9000-chromadb-backup", "hal9000-test-AUTH-001-claude-home"},
		"hal9000-chromadb-2bd806c9 is none that HAL-9000 is known to make\n"+
			"hal9000-chromadb-backup is none that HAL-9000 is known to make\n"+
			"hal9000-test-AUTH-001-claude-home is none that HAL-9000 is known to make\n"),
)

func plainly(*Request) {}
