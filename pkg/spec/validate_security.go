package spec

import (
	"regexp"
	"slices"
	"strings"
)

// Words of Security.
const (
	// SeccompDefault is the engine's own seccomp profile.
	SeccompDefault    = "default"
	seccompUnconfined = "unconfined"
	capAll            = "ALL"
)

// Linux's capabilities, as of 6.1, without the CAP_ prefix.
var capabilities = strings.Fields(`
	AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
	DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN
	MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID
	SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE
	SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`)

// What would make a container privileged in all but name.
var refusedCapabilities = map[string]string{
	capAll:       "would make the container privileged in all but name",
	"SYS_ADMIN":  "lets a process mount and leave its namespaces, which is privileged in all but name",
	"SYS_MODULE": "lets a process load code into the host's kernel",
}

var runtimeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (c *checker) security(at string, s Security) {
	for i, name := range s.CapDrop {
		if name != capAll {
			c.capability(itemPath(at+".capDrop", i), name)
		}
	}
	for i, name := range s.CapAdd {
		path := itemPath(at+".capAdd", i)
		if why, refused := refusedCapabilities[name]; refused {
			c.add(path, "%s %s: name the capabilities that are needed", name, why)
			continue
		}
		c.capability(path, name)
	}
	switch s.Seccomp {
	case SeccompDefault:
	case seccompUnconfined:
		c.add(at+".seccomp", "unconfined is not on offer: write default, or the path of a profile")
	default:
		c.absolute(at+".seccomp", s.Seccomp)
	}
	if s.Runtime != "" && !runtimeName.MatchString(s.Runtime) {
		c.add(at+".runtime", "%.80q is no name of a runtime", s.Runtime)
	}
}

func (c *checker) capability(path, name string) {
	if !slices.Contains(capabilities, name) {
		c.add(path, "%.40q is no capability%s", name, c.hint(name, capabilities))
	}
}
