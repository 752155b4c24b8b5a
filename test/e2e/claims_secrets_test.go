//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	docker "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// possessions are all that is in a worker: the variables of its processes, and its
// files where they may be written.
const possessions = `cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n'
find /run /tmp /var /home /root /etc /workspace /dev/shm -type f -size -2M -exec cat {} + 2>/dev/null
true`

var _ = Describe("What a claim is told of secrets", func() {
	It("is for its own processes, and nowhere else, before and after its release", func(ctx SpecContext) {
		variable, secret := "canary-variable-", "canary-secret-" // and what no other spec has
		w := newWorld()
		variable, secret = variable+w.id, secret+w.id
		began := time.Now()
		p := w.pool("secrets", 2)
		withOwn(p)
		pool := p.Metadata.Name
		w.serve(w.write("pool.yaml", p), "-vv")
		w.settle(pool, 2)
		file := filepath.Join(w.projects(), "key")
		Expect(os.WriteFile(file, []byte(secret+"\n"), 0o644)).To(Succeed())
		project := w.project("secrets", amy)

		own := w.bound(amy, pool, "own", "--project", project, "--env", "CANARY="+variable, "--secret", "key="+file)
		other := w.bound(amy, pool, "other", "--project", project)
		Expect(w.inside(amy, "own", "echo $CANARY; cat /run/secrets/key; stat -c '%a %u:%g' /run/secrets/key; stat -f -c %T /run/secrets/key")).
			To(Equal(outcome{0, variable + "\n" + secret + "\n400 1001:1001\ntmpfs\n", ""}))
		session := w.begin("exec", "own", "--", "sleep", "4325")
		Eventually(func() string { return w.run(own.ContainerID, possessions).Out }).Should(And(ContainSubstring("CANARY="+variable), ContainSubstring(secret)))

		places := w.placesOfSecrets(ctx, pool, began)
		places["the other worker"] = func() string { return w.run(other.ContainerID, possessions).Out }
		places["what its container says"] = func() string { return w.output(ctx, own.ContainerID) }
		places["the claim, described"] = func() string { return w.as(amy, "describe", "claim", "own").Out }
		tellNothing(places, variable, secret)

		Expect(w.as(amy, "release", "own")).To(exitWith(0))
		Eventually(session.ended).Should(Receive())
		Expect(w.container(pool, own.Container)).To(BeZero())
		delete(places, "what its container says")
		delete(places, "the claim, described")
		tellNothing(places, variable, secret)
	})
})

// tellNothing looks for words where they must not be. What is there is not shown.
func tellNothing(places map[string]func() string, words ...string) {
	GinkgoHelper()
	for place, text := range places {
		found := text()
		Expect(found).NotTo(BeEmpty(), place)
		for _, word := range words {
			Expect(strings.Contains(found, word)).To(BeFalse(), "%q is in %s", word, place)
		}
	}
}

// placesOfSecrets are where others might look.
func (w *world) placesOfSecrets(ctx context.Context, pool string, began time.Time) map[string]func() string {
	hal := func(args ...string) func() string {
		return func() string {
			answer := w.hal(args...)
			return answer.Out + answer.Err
		}
	}
	return map[string]func() string{
		"docker inspect":        func() string { return w.inspected(ctx) },
		"the engine's events":   func() string { return w.engineEvents(ctx, began) },
		"the controller's log":  func() string { return content(w.log()) },
		"the state directory":   func() string { return content(w.state()) },
		"the audit log":         func() string { return content(w.auditLog()) },
		"the claims":            hal("get", "claims", "-o", "json"),
		"the claims, described": hal("describe", "claims"),
		"the pools":             hal("get", "pools", "-o", "json"),
		"the pool, described":   hal("describe", "pool", pool),
		"events":                hal("events", "-o", "json"),
		"why":                   hal("why", pool),
	}
}

// auditLog is the path of the controller's.
func (w *world) auditLog() string {
	GinkgoHelper()
	found, err := filepath.Glob(filepath.Join(w.state(), "*", "*", "audit.log"))
	Expect(err).NotTo(HaveOccurred())
	Expect(found).To(HaveLen(1))
	return found[0]
}

// inspected is all that the engine says of its containers, and of what runs in ours.
func (e engine) inspected(ctx context.Context) string {
	GinkgoHelper()
	var all strings.Builder
	found, err := e.api.ContainerList(ctx, docker.ListOptions{All: true})
	Expect(err).NotTo(HaveOccurred())
	for _, c := range found {
		fmt.Fprintln(&all, c.Labels, c.Command)
		inspected, raw, err := e.api.ContainerInspectWithRaw(ctx, c.ID, false)
		if err != nil {
			continue // another's, that has just gone
		}
		all.Write(raw)
		for _, id := range inspected.ExecIDs {
			process, err := e.api.ContainerExecInspect(ctx, id)
			fmt.Fprintf(&all, "%+v %v\n", process, err)
		}
	}
	return all.String()
}

// output is all that a container has said, and what is told of the process list.
func (e engine) output(ctx context.Context, id string) string {
	GinkgoHelper()
	logs, err := e.api.ContainerLogs(ctx, id, docker.LogsOptions{ShowStdout: true, ShowStderr: true})
	Expect(err).NotTo(HaveOccurred())
	defer logs.Close()
	said, err := io.ReadAll(logs)
	Expect(err).NotTo(HaveOccurred())
	processes, err := e.api.ContainerTop(ctx, id, []string{"-eo", "pid,args"})
	Expect(err).NotTo(HaveOccurred())
	return string(said) + fmt.Sprint(processes)
}

// engineEvents are what the engine has told of our containers since then, the commands
// that were run in them too.
func (e engine) engineEvents(ctx context.Context, since time.Time) string {
	GinkgoHelper()
	messages, errs := e.api.Events(ctx, events.ListOptions{
		Since: fmt.Sprint(since.Unix()), Until: fmt.Sprint(time.Now().Unix()), Filters: e.ours(""),
	})
	var all []string
	for {
		select {
		case m := <-messages:
			all = append(all, fmt.Sprintf("%+v", m))
		case err := <-errs:
			Expect(err).To(Equal(io.EOF))
			return strings.Join(all, "\n")
		}
	}
}

// content is that of a file, or of all files below a directory, with their names.
func content(path string) string {
	GinkgoHelper()
	var all []string
	Expect(filepath.WalkDir(path, func(path string, entry os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // it was for a moment only
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		all = append(all, path, string(text))
		return err
	})).To(Succeed())
	return strings.Join(all, "\n")
}
