package runtime

import (
	"context"
	"errors"
	"io"
	"time"
)

// What callers branch on. Every error of this package's interfaces that is one
// of these matches it with errors.Is; all others are worth a retry.
var (
	// ErrUnavailable: the engine cannot be reached. Nothing is known of what it runs.
	ErrUnavailable = errors.New("engine unavailable")
	// ErrNotFound: the container, network or volume does not exist.
	ErrNotFound = errors.New("not found")
	// ErrImageMissing: the engine does not have the image.
	ErrImageMissing = errors.New("image missing")
	// ErrNameTaken: the name is held by an object of this instance.
	ErrNameTaken = errors.New("name taken")
	// ErrForeign: the name is held by an object that is not of this instance. Retrying cannot help.
	ErrForeign = errors.New("name held by a foreign object")
	// ErrInvalid: the engine refuses the request as it is. Retrying cannot help until it changes.
	ErrInvalid = errors.New("refused by the engine")
	// ErrStuck: the engine will never start this container, whatever is asked or
	// changed; a new one like it may well start.
	ErrStuck = errors.New("it cannot be started any more")
	// ErrInUse: the network or volume has users and cannot be removed now.
	ErrInUse = errors.New("in use")
)

// Runtime is a container engine, seen by one instance of the controller.
//
// Each method is one step on the engine and takes its time limit from ctx. Each
// is safe for concurrent use.
type Runtime interface {
	Containers
	Networks
	Volumes
	Images
	// Events calls each for every change of an object of this instance, and
	// of any image, until the stream ends; it always ends with an error.
	// opened, if not nil, is called once the engine has accepted the
	// subscription: a change after that is not missed. Events are hints:
	// they may repeat, and some are lost when a stream ends.
	Events(ctx context.Context, opened func(), each func(Event)) error
	// Host is what the engine's host has.
	Host(ctx context.Context) (Host, error)
}

// Containers are the containers of this instance.
type Containers interface {
	// List returns the containers of a pool in any state, those of all pools
	// for "", in no particular order, with Inspection nil: one engine call.
	List(ctx context.Context, pool string) ([]Container, error)
	// Inspect returns what List does not say. ErrNotFound.
	Inspect(ctx context.Context, id string) (*Inspection, error)
	// Create makes a container and does not start it. ErrNameTaken,
	// ErrForeign, ErrImageMissing, ErrInvalid, ErrNotFound (a network or a
	// sandbox it names). A create whose reply was lost may have happened: the
	// next List shows it under its name.
	Create(ctx context.Context, spec ContainerSpec) (id string, err error)
	// Start starts a created or exited container. A running one is no error.
	// ErrNotFound, ErrInvalid (its command cannot be run, a port is taken),
	// ErrStuck.
	Start(ctx context.Context, id string) error
	// Stop sends the container's stop signal, waits its grace and kills it. A
	// paused one is unpaused first. A stopped or missing one is no error.
	Stop(ctx context.Context, id string) error
	// Remove removes a container, killing it if it runs. A missing one, and
	// one whose removal is under way, is no error. No volume is removed.
	Remove(ctx context.Context, id string) error
	// Update sets the limits of a container in place, and the engine's restart
	// policy back to "no". ErrNotFound.
	Update(ctx context.Context, id string, limits Limits) error
	// Rename gives a container another name. ErrNotFound, ErrNameTaken, ErrForeign.
	Rename(ctx context.Context, id, name string) error
	// Exec runs a command in a running container and waits for its end. The
	// error is of the running of it; a command's own failure is its exit code.
	// Ends with ctx; the command itself may then go on in the container.
	Exec(ctx context.Context, id string, command []string) (ExecResult, error)
	// Logs returns the container's output, both streams interleaved and plain,
	// from the last tail lines on; all of it for a negative tail. With follow
	// it goes on until the container ends or ctx does. The caller closes it.
	Logs(ctx context.Context, id string, tail int, follow bool) (io.ReadCloser, error)
}

// Networks are the networks of this instance.
type Networks interface {
	// ListNetworks returns the networks of a pool, of all pools for "".
	ListNetworks(ctx context.Context, pool string) ([]Network, error)
	// CreateNetwork makes a bridge network. ErrNameTaken, ErrForeign.
	CreateNetwork(ctx context.Context, spec NetworkSpec) error
	// RemoveNetwork removes a network. A missing one is no error. ErrInUse.
	RemoveNetwork(ctx context.Context, name string) error
}

// Volumes are the volumes of this instance.
type Volumes interface {
	// ListVolumes returns the volumes of a pool, of all pools for "".
	ListVolumes(ctx context.Context, pool string) ([]Volume, error)
	// CreateVolume makes a volume. One of this instance and pool that exists
	// is no error; ErrForeign for any other of that name.
	CreateVolume(ctx context.Context, spec VolumeSpec) error
	// RemoveVolume removes a volume and its data. A missing one is no error.
	// ErrInUse; ErrForeign for one that is not of this instance.
	RemoveVolume(ctx context.Context, name string) error
}

// Images are the engine's images.
type Images interface {
	// Image returns the id of an image. ErrImageMissing.
	Image(ctx context.Context, ref string) (id string, err error)
	// ImportPause makes the image PauseImage from the controller's own binary.
	// Repeating it is harmless.
	ImportPause(ctx context.Context) error
}

// PauseImage is what sandboxes run: the controller's own static binary as
// "hal-controller pause". The tag is the version of that contract, not of the
// binary, so that an upgrade of the controller leaves sandboxes alone.
const PauseImage = "hal/pause:v1"

// Role is what a container is in its pool.
type Role string

// Roles.
const (
	RoleSandbox Role = "sandbox"
	RoleParent  Role = "parent"
	RoleService Role = "service"
	RoleWorker  Role = "worker"
)

// Owner says whose an object is. It is rendered into labels, which no engine
// lets anyone change afterwards, so nothing in it may be mutable.
type Owner struct {
	Pool     string
	Role     Role
	Service  string // name of the service, for RoleService
	Ordinal  int    // of the worker, for RoleWorker
	Revision string // hash of the worker template, for RoleWorker
	SpecHash string // of the ContainerSpec, with the version of its format: "v1:..."
}

// State of a container, in the engine's words.
type State string

// States.
const (
	StateCreated    State = "created"
	StateRunning    State = "running"
	StatePaused     State = "paused"
	StateRestarting State = "restarting"
	StateRemoving   State = "removing"
	StateExited     State = "exited"
	StateDead       State = "dead"
)

// Container is one container of this instance as a listing shows it.
type Container struct {
	ID      string
	Name    string
	Owner   Owner
	State   State
	Created time.Time // to the second
	Image   string
	ImageID string
	// SandboxID is the container whose network namespace it joins, or "".
	SandboxID string
	// Addresses by network name; empty while it does not run or joins a sandbox.
	Addresses map[string]string
	// Inspection is nil until the container has been inspected.
	Inspection *Inspection
}

// Inspection is what only an inspection of a container tells.
type Inspection struct {
	// State, like the name in Spec, is as new as the latest event. Those of a
	// listing may be older.
	State State
	// Addresses as in Container, and as new as State.
	Addresses  map[string]string
	StartedAt  time.Time
	FinishedAt time.Time
	ExitCode   int
	OOMKilled  bool
	// Error is the engine's message of a start that did not work.
	Error string
	// ImageID as in Container.
	ImageID string
	// Spec is what the engine runs, in the form it was asked for: Env, Labels
	// and Command as they are effective, those of the image included.
	Spec ContainerSpec
	// RestartPolicy in the engine's words; "no" as created.
	RestartPolicy string
}

// ContainerSpec is a container to create. Docker's restart policy is always
// "no", the init process is always the engine's, no container is privileged.
type ContainerSpec struct {
	Name    string
	Owner   Owner
	Image   string
	Command []string // empty: the image's
	User    string   // empty: the image's
	Env     []EnvVar
	Labels  map[string]string // the user's; never with the reserved prefix
	// Sandbox is the name of the container whose network namespace to join.
	// Exclusive with Network.
	Sandbox string
	// Network is the name of the network to join, with Aliases as DNS names.
	Network     string
	Aliases     []string
	Ports       []Port
	Mounts      []Mount
	Tmpfs       []string // targets
	Limits      Limits
	StopSignal  string
	StopTimeout time.Duration // to the second, rounded up
	Security    Security
}

// EnvVar is an environment variable.
type EnvVar struct{ Name, Value string }

// Port is a published port.
type Port struct {
	HostIP        string
	HostPort      int
	ContainerPort int
	Protocol      string // tcp or udp
}

// MountType is what is mounted.
type MountType string

// Mount types.
const (
	MountVolume MountType = "volume"
	MountBind   MountType = "bind"
	// MountSlot is a place for a directory that is not known yet. No engine has
	// it: whoever creates the container puts a bind mount in its place.
	MountSlot MountType = "slot"
)

// Mount puts a volume or a directory of the host into a container.
type Mount struct {
	Type        MountType
	Source      string // engine name of the volume, path on the host, or name of the slot
	Target      string
	ReadOnly    bool
	Propagation string // of a bind, in the engine's words; empty: private
}

// Limits are hard limits; zero is none. Swap is never added to memory.
type Limits struct {
	CPU    int64 // thousandths of a core
	Memory int64 // bytes
	Pids   int64
}

// Security of a container.
type Security struct {
	ReadOnlyRootFilesystem bool
	NoNewPrivileges        bool
	CapDrop                []string
	CapAdd                 []string
	// SeccompProfile is the path of a profile on the controller's host; empty:
	// the engine's default. Inspections show the profile itself.
	SeccompProfile string
	// Runtime names one of the engine's OCI runtimes; empty: its default.
	Runtime string
}

// NetworkSpec is a bridge network to create.
type NetworkSpec struct {
	Name     string
	Pool     string
	Internal bool
}

// Network of this instance.
type Network struct {
	ID       string
	Name     string
	Pool     string
	Internal bool
}

// VolumeSpec is a volume to create.
type VolumeSpec struct {
	Name string
	Pool string
}

// Volume of this instance.
type Volume struct {
	Name    string
	Pool    string
	Created time.Time
}

// Host is what the engine's host has.
type Host struct {
	// Total memory in bytes.
	Total int64
	// Available memory in bytes, without swapping; -1 where it is not known, as
	// on a remote engine.
	Available int64
	// CPUs in thousandths of a core: the most that a container can be given.
	CPUs int64
}

// ExecResult is the end of a command run in a container.
type ExecResult struct {
	ExitCode int
	// Output is the last 4 KiB of both streams.
	Output string
}

// EventKind is the kind of object an event is about.
type EventKind string

// Event kinds.
const (
	EventContainer EventKind = "container"
	EventNetwork   EventKind = "network"
	EventVolume    EventKind = "volume"
	EventImage     EventKind = "image"
)

// Event says that something about an object may have changed.
type Event struct {
	Kind   EventKind
	Action string // in the engine's words
	ID     string // of the container; name of a volume or an image
	Pool   string // empty for an image
}

// Meters tell what containers do.
type Meters interface {
	// Usage is what a running container has used so far. ErrNotFound; ErrInvalid
	// for one that does not run.
	Usage(ctx context.Context, id string) (Usage, error)
}

// Usage of a container since its start.
type Usage struct {
	// Processes that run in it now, the init among them.
	Processes int
	// CPU time of all that ever ran in it.
	CPU time.Duration
	// Network is the bytes received and sent; 0 for one that shares another's
	// network.
	Network uint64
}
