package bind

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Caller is the person that asks, as the kernel vouches for them.
type Caller struct {
	UID, GID uint32
	Groups   []uint32
}

func (c Caller) memberOf(group uint32) bool {
	return group == c.GID || slices.Contains(c.Groups, group)
}

// try does work with the caller's rights on files, and no more: those of root
// are gone meanwhile, on one thread that does nothing else.
func (c Caller) try(work func() error) error {
	if int(c.UID) == os.Geteuid() {
		return work()
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("look at files as user %d: the controller has to run as root to serve others than its own user, %d", c.UID, os.Geteuid())
	}
	own, err := myself()
	if err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := c.become()
		if err == nil {
			err = work()
		}
		// A thread that has not got its own rights back is never unlocked: it ends
		// with this goroutine. All could end so, were it not for the main thread,
		// which does not end but stays behind with the caller's rights.
		if own.become() == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// myself is who this process runs as.
func myself() (Caller, error) {
	groups, err := os.Getgroups()
	if err != nil {
		return Caller{}, fmt.Errorf("list the controller's own groups: %w", err)
	}
	c := Caller{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	for _, group := range groups {
		c.Groups = append(c.Groups, uint32(group))
	}
	return c, nil
}

// become gives this thread the caller's rights on files. The calls are raw
// because those of package syscall change all threads.
func (c Caller) become() error {
	var first unsafe.Pointer
	if len(c.Groups) > 0 {
		first = unsafe.Pointer(&c.Groups[0])
	}
	if _, _, failure := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(c.Groups)), uintptr(first), 0); failure != 0 {
		return fmt.Errorf("take the groups of user %d: %w", c.UID, failure)
	}
	// These two do not tell whether they worked: the next call does.
	_ = unix.Setfsgid(int(c.GID))
	_ = unix.Setfsuid(int(c.UID))
	gid, _ := unix.SetfsgidRetGid(-1)
	uid, _ := unix.SetfsuidRetUid(-1)
	if uint32(gid) != c.GID || uint32(uid) != c.UID {
		return fmt.Errorf("take the rights of user %d and group %d: have those of %d and %d", c.UID, c.GID, uid, gid)
	}
	return nil
}
