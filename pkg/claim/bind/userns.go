package bind

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespaces are the user namespaces that describe mappings to the kernel. Each
// is made once, in some milliseconds, and then kept open: there are as many as
// there are people, times the users that workers run as.
type namespaces struct {
	mu   sync.Mutex
	open map[Mapping]*os.File
}

// of is the user namespace of a mapping. It stays open until close.
func (n *namespaces) of(m Mapping) (*os.File, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if found, ok := n.open[m]; ok {
		return found, nil
	}
	made, err := newNamespace(m)
	if err != nil {
		return nil, err
	}
	if n.open == nil {
		n.open = map[Mapping]*os.File{}
	}
	n.open[m] = made
	return made, nil
}

func (n *namespaces) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, namespace := range n.open {
		_ = namespace.Close()
	}
	n.open = nil
}

// newNamespace makes a user namespace. Only a process can have one made; it is a
// copy of this program that is traced, so that the kernel stops it before it
// runs, and that is killed as soon as its namespace is open here.
func newNamespace(m Mapping) (*os.File, error) {
	// Who traces, and whose end kills, is a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	holder, err := os.StartProcess("/proc/self/exe", []string{"hal-controller (user namespace)"}, &os.ProcAttr{
		Env: []string{},
		Sys: &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER,
			UidMappings: m.users(), GidMappings: m.groups(),
			Ptrace: true, Pdeathsig: syscall.SIGKILL,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make a user namespace: %w", err)
	}
	defer func() {
		_ = holder.Kill()
		_, _ = holder.Wait()
	}()
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", holder.Pid))
	if err != nil {
		return nil, fmt.Errorf("open a user namespace: %w", err)
	}
	return namespace, nil
}
