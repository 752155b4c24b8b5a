//go:build e2e

package faults_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	docker "github.com/docker/docker/api/types/container"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// places are what happens around the containers.
func places() []injury {
	return []injury{
		{"the directory of manifests removed, and put back", (*world).withoutManifests},
		{"a second controller beside", (*world).second},
		{"no file descriptors left", (*world).withoutDescriptors},
		{"no room in the state directory", (*world).withoutRoom},
	}
}

// withoutManifests changes nothing: a directory that is not there says nothing.
func (w *world) withoutManifests() {
	GinkgoHelper()
	before := w.ids()
	away := w.manifests() + ".away"
	Expect(os.Rename(w.manifests(), away)).To(Succeed())
	Consistently(w.ids).WithTimeout(2 * resync).Should(Equal(before))
	Expect(os.Rename(away, w.manifests())).To(Succeed())
	Consistently(w.ids).WithTimeout(resync).Should(Equal(before))
}

// second is refused, and says who is there.
func (w *world) second() {
	GinkgoHelper()
	before := w.ids()
	answer := w.hal("run", "-f", w.manifests(), "--progress", "quiet")
	Expect(answer.Code).NotTo(BeZero())
	Expect(answer.Err).To(ContainSubstring(fmt.Sprint(w.daemon.pid())), "who holds the lock")
	Expect(w.ids()).To(Equal(before))
}

// ids are all containers of the instance, in no order but the engine's.
func (w *world) ids() (ids []string) {
	GinkgoHelper()
	for _, c := range w.containers() {
		ids = append(ids, c.ID)
	}
	return ids
}

// descriptors are few, and sessions need more.
const (
	descriptors  = 48
	manySessions = 40
)

// withoutDescriptors has many people in one worker at the same time, and a worker
// killed meanwhile.
func (w *world) withoutDescriptors() {
	GinkgoHelper()
	w.runUnder("prlimit", fmt.Sprintf("--nofile=%d:%d", descriptors, descriptors))
	defer w.runUnder()
	w.settle()
	var sessions sync.WaitGroup
	codes := make(chan int, manySessions)
	for range manySessions {
		sessions.Go(func() { codes <- w.hal("exec", w.held[0].name, "--", "sleep", "8").Code })
	}
	w.killOne()
	sessions.Wait()
	close(codes)
	refused := 0
	for code := range codes {
		if code != 0 {
			refused++
		}
	}
	GinkgoWriter.Printf("%d of %d sessions refused\n", refused, manySessions)
	Expect(refused).NotTo(BeZero(), "there were descriptors enough")
	w.settle()
	Expect(w.hal("exec", w.held[0].name, "--", "true").Code).To(BeZero())
}

// runUnder has the daemon run under a command from now on, or without any.
func (w *world) runUnder(command ...string) {
	GinkgoHelper()
	w.daemon.kill()
	w.under = command
	w.daemon = supervise(w.runs)
	w.awaitDaemon()
}

// withoutRoom has the state directory full: what cannot be put on record is refused.
func (w *world) withoutRoom() {
	GinkgoHelper()
	w.daemon.kill()
	was := w.stateDir() + ".was"
	Expect(os.Rename(w.stateDir(), was)).To(Succeed())
	Expect(os.Mkdir(w.stateDir(), 0o700)).To(Succeed())
	Expect(unix.Mount("hal-faults", w.stateDir(), "tmpfs", 0, "size=1m")).To(Succeed())
	copyTree(was, w.stateDir())
	w.daemon = supervise(w.runs)
	defer func() {
		w.daemon.kill()
		Expect(os.RemoveAll(was)).To(Succeed())
		copyTree(w.stateDir(), was)
		Expect(unix.Unmount(w.stateDir(), unix.MNT_DETACH)).To(Succeed())
		Expect(os.Remove(w.stateDir())).To(Succeed())
		Expect(os.Rename(was, w.stateDir())).To(Succeed())
		w.daemon = supervise(w.runs)
		w.awaitDaemon()
	}()
	w.settle()
	filler := filepath.Join(w.stateDir(), "filler")
	fill(filler)
	answer := w.hal("claim", w.main, "--name", "roomless", "--project", w.project("roomless"), "--wait", claimPatience.String())
	Expect(answer.Code).NotTo(BeZero())
	Expect(answer.Err).To(And(ContainSubstring("roomless"), ContainSubstring("no space left on device")))
	w.killOne()
	w.round++
	w.declareMain(warm) // a rollout, which has a record, too
	w.daemon.restart()
	w.awaitDaemon()
	for _, h := range w.held {
		Eventually(func() string { return w.hal("exec", h.name, "--", "cat", "/workspace/file").Out }).Should(Equal(h.name))
	}
	Expect(os.Remove(filler)).To(Succeed())
	w.settle()
	answer = w.claim(w.main, "roomless")
	Expect(answer.Code).To(BeZero(), answer.Err)
	Expect(w.hal("release", "roomless").Code).To(BeZero())
}

// fill writes a file until its file system is full.
func fill(path string) {
	GinkgoHelper()
	f, err := os.Create(path)
	Expect(err).NotTo(HaveOccurred())
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			Expect(err).To(MatchError(unix.ENOSPC))
			size /= 2
		}
	}
}

func copyTree(from, to string) {
	GinkgoHelper()
	output, err := exec.Command("cp", "--archive", from+"/.", to).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
}

// crowd has a thousand containers beside ours while a round is done.
func (w *world) crowd() {
	GinkgoHelper()
	ctx := context.Background()
	var crowd []string
	defer func() {
		for _, id := range crowd {
			w.remove(id)
		}
	}()
	for range 1000 {
		c, err := w.api.ContainerCreate(ctx, &docker.Config{Image: counterImage, Labels: map[string]string{labelInstance: w.instance + "-foreign"}}, nil, nil, nil, "")
		Expect(err).NotTo(HaveOccurred())
		crowd = append(crowd, c.ID)
	}
	w.act()
	w.settle()
	found, err := w.api.ContainerList(ctx, docker.ListOptions{All: true, Filters: foreignOf(w.instance)})
	Expect(err).NotTo(HaveOccurred())
	Expect(found).To(HaveLen(len(crowd)+1), "with the one that is always there")
}
