package bind

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// me is the user that runs the tests.
var me = Caller{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}

var _ = Describe("The path of a project", func() {
	var (
		top   string
		rules Rules
	)
	BeforeEach(func() {
		top = temporary()
		for _, dir := range []string{"home/shop/src", "home/state/slots", "outside"} {
			Expect(os.MkdirAll(filepath.Join(top, dir), 0o755)).To(Succeed())
		}
		Expect(os.WriteFile(top+"/home/file", nil, 0o644)).To(Succeed())
		for link, to := range map[string]string{
			"home/inward": "shop", "home/outward": "../outside", "home/circle": "circle",
			"home/to-state": "state/slots", "home/root": "/", "root-link": "home",
		} {
			Expect(os.Symlink(to, filepath.Join(top, link))).To(Succeed())
		}
		rules = Rules{Roots: []string{top + "/home"}, Forbidden: []string{top + "/home/state"}}
	})
	resolved := func(path string) string {
		GinkgoHelper()
		f, err := rules.Resolve(path, me)
		Expect(err).NotTo(HaveOccurred())
		defer func() { _ = f.Close() }()
		real, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		Expect(err).NotTo(HaveOccurred())
		Expect(real).To(Equal(f.Name()))
		return strings.TrimPrefix(f.Name(), top)
	}
	refused := func(path string, c Caller) string {
		GinkgoHelper()
		f, err := rules.Resolve(path, c)
		Expect(f).To(BeNil())
		var refusal *RefusedError
		Expect(errors.As(err, &refusal)).To(BeTrue(), "%v", err)
		Expect(refusal.Path).To(Equal(path))
		return strings.ReplaceAll(refusal.Error(), top, "")
	}

	It("is opened below a root, or as one, by way of links too", func() {
		Expect(resolved(top + "/home/shop")).To(Equal("/home/shop"))
		Expect(resolved(top + "/home/shop/../shop/src/")).To(Equal("/home/shop/src"))
		Expect(resolved(top + "/home/inward/src")).To(Equal("/home/shop/src"))
		rules = Rules{Roots: []string{top + "/none", top + "/root-link"}}
		Expect(resolved(top + "/home")).To(Equal("/home"))
		Expect(resolved(top + "/root-link/shop")).To(Equal("/home/shop"))
	})

	DescribeTable("is refused with the way out",
		func(path, reason string) {
			if filepath.IsAbs(path) && path != "/" && !strings.HasPrefix(path, "/proc") {
				path = top + path
			}
			Expect(refused(path, me)).To(ContainSubstring(reason))
		},
		Entry("when relative", "home/shop", "not an absolute path: give it from /"),
		Entry("when empty", "", "not an absolute path"),
		Entry("when not there", "/home/none", "no such directory: make it first"),
		Entry("when a file", "/home/file", "not a directory: name the directory that it is in"),
		Entry("when below a file", "/home/file/x", "not a directory"),
		Entry("when a link leads in a circle", "/home/circle", "go in a circle or through /proc"),
		Entry("when it goes by what a process has open", "/proc/self/cwd", "go in a circle or through /proc"),
		Entry("when everything", "/", "the whole file system"),
		Entry("when a link to everything", "/home/root", "the whole file system"),
		Entry("when outside of the roots", "/outside", "outside of where projects may be (/home)"),
		Entry("when a link leads outside", "/home/outward", "it leads to /outside; it is outside of where projects may be (/home): move it there"),
		Entry("when a forbidden one", "/home/state", "it belongs to /home/state, which no worker may see"),
		Entry("when in a forbidden one", "/home/state/slots", "it belongs to /home/state"),
		Entry("when a link leads into a forbidden one", "/home/to-state", "it leads to /home/state/slots; it belongs to /home/state"),
		Entry("when a forbidden one is in it", "/home", "/home/state is in it"),
	)

	It("is held against forbidden paths as they really are, or will be", func() {
		Expect(os.Symlink("home/shop", top+"/run")).To(Succeed())
		rules.Forbidden = []string{top + "/run/docker.sock"}
		Expect(refused(top+"/home/shop", me)).To(ContainSubstring("/run/docker.sock is in it"))
		Expect(resolved(top + "/home/shop/src")).To(Equal("/home/shop/src"))
	})

	It("is not taken for its neighbour with a longer name", func() {
		Expect(os.Mkdir(top+"/home/state2", 0o755)).To(Succeed())
		Expect(resolved(top + "/home/state2")).To(Equal("/home/state2"))
		Expect(os.Mkdir(top+"/home2", 0o755)).To(Succeed())
		Expect(refused(top+"/home2", me)).To(ContainSubstring("outside of where"))
	})

	It("is nowhere when no roots are given", func() {
		rules.Roots = nil
		Expect(refused(top+"/home/shop", me)).To(ContainSubstring("outside of where"))
	})

	It("that was removed under the eyes of who opened it is refused", func() {
		shop := openAt(top + "/home/shop/src")
		Expect(os.Remove(top + "/home/shop/src")).To(Succeed())
		_, err := resolvedPath(int(shop.Fd()), "/asked")
		Expect(err).To(MatchError(ContainSubstring("removed just now")))
	})

	Describe("of somebody else", func() {
		BeforeEach(func() { needsRoot() })

		DescribeTable("is opened only if they could list and enter it themselves",
			func(uid, gid int, mode os.FileMode, c Caller, allowed bool) {
				Expect(os.Chown(top+"/home/shop", uid, gid)).To(Succeed())
				Expect(os.Chmod(top+"/home/shop", mode)).To(Succeed())
				if !allowed {
					Expect(refused(top+"/home/shop", c)).To(ContainSubstring("user 1234 may not list and enter it"))
					return
				}
				f, err := rules.Resolve(top+"/home/shop", c)
				Expect(err).NotTo(HaveOccurred())
				Expect(f.Close()).To(Succeed())
			},
			Entry("as its owner", 1234, 0, os.FileMode(0o700), person, true),
			Entry("as a member of its group", 0, 1235, os.FileMode(0o750), person, true),
			Entry("by one of their other groups", 0, 77, os.FileMode(0o750), Caller{UID: 1234, GID: 1, Groups: []uint32{5, 77}}, true),
			Entry("not as anybody", 0, 0, os.FileMode(0o750), person, false),
			Entry("not with root's groups", 0, 0, os.FileMode(0o070), person, false),
			Entry("not without the right to list it", 0, 0, os.FileMode(0o711), person, false),
			Entry("not without the right to enter it", 0, 0, os.FileMode(0o744), person, false),
			Entry("as its owner not, if they have locked themselves out", 1234, 0, os.FileMode(0o077), person, false),
			Entry("as root always", 1234, 1234, os.FileMode(0o000), Caller{}, true),
		)

		It("is not opened through a directory that they may not enter", func() {
			Expect(os.Chmod(top+"/home", 0o700)).To(Succeed())
			Expect(refused(top+"/home/shop", person)).To(ContainSubstring("may not list and enter"))
		})

		It("leaves the rights of this process as they were", func() {
			before := rights()
			Expect(before).To(HaveLen(1))
			for range 100 {
				f, err := rules.Resolve(top+"/home/shop", Caller{UID: 1234, GID: 1235, Groups: []uint32{1, 2, 3}})
				Expect(err).NotTo(HaveOccurred())
				Expect(f.Close()).To(Succeed())
			}
			Expect(rights()).To(Equal(before))
		})
	})

	It("of somebody else is a matter for root", func() {
		if os.Geteuid() == 0 {
			Skip("needs another user than root")
		}
		_, err := rules.Resolve(top+"/home/shop", Caller{UID: me.UID + 1, GID: me.GID})
		Expect(err).To(MatchError(ContainSubstring("has to run as root")))
	})
})

// rights are those that the threads of this process have, each once.
func rights() []string {
	GinkgoHelper()
	statuses, err := filepath.Glob("/proc/self/task/*/status")
	Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, status := range statuses {
		text, err := os.ReadFile(status)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue // the thread has ended
		}
		Expect(err).NotTo(HaveOccurred())
		lines := regexp.MustCompile(`(?m)^(Uid|Gid|Groups|CapEff):.*$`).FindAllString(string(text), -1)
		found = append(found, strings.Join(lines, "\n"))
	}
	slices.Sort(found)
	return slices.Compact(found)
}

var _ = Describe("A link that is changed all the time", func() {
	It("never has a forbidden directory bound", func() {
		slots := newSlots()
		top := temporary()
		for _, dir := range []string{"good", "forbidden"} {
			Expect(os.Mkdir(top+"/"+dir, 0o755)).To(Succeed())
			Expect(os.WriteFile(top+"/"+dir+"/is", []byte(dir), 0o644)).To(Succeed())
		}
		link := top + "/link"
		point := func(to string) {
			_ = os.Symlink(to, link+".new")
			_ = os.Rename(link+".new", link)
		}
		point("good")
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					point("forbidden")
					point("good")
				}
			}
		}()
		rules := Rules{Roots: []string{top}, Forbidden: []string{top + "/forbidden"}}
		bound, refused := 0, 0
		for range 1000 {
			project, err := rules.Resolve(link, person)
			if err != nil {
				var refusal *RefusedError
				Expect(errors.As(err, &refusal)).To(BeTrue(), "%v", err)
				refused++
				continue
			}
			_, err = slots.Bind("dev-0", "workspace", project, Access{Mapping: mapped})
			Expect(err).NotTo(HaveOccurred())
			Expect(os.ReadFile(slots.Path("dev-0", "workspace") + "/is")).To(BeEquivalentTo("good"))
			Expect(slots.Unbind("dev-0", "workspace")).To(Succeed())
			Expect(project.Close()).To(Succeed())
			bound++
		}
		close(stop)
		<-stopped
		GinkgoWriter.Println("bound", bound, "refused", refused)
		Expect(bound).NotTo(BeZero())
		Expect(refused).NotTo(BeZero(), "the link was never changed in time: this has tested nothing")
	})
})
