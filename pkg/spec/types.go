package spec

// The identity every manifest document must carry.
const (
	APIVersion = "hal/v1alpha1"
	KindPool   = "Pool"
	KindClaim  = "Claim"
)

// ReservedLabelPrefix is the label name space of the controller. Labels are how
// it knows its own containers, so a manifest that sets one is refused.
const ReservedLabelPrefix = "hal/"

// Metadata names an object.
type Metadata struct {
	// Name of the object: a DNS label of at most 40 characters, unique among the objects of its kind. It is part of every container, network and volume name.
	Name string `json:"name" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=40"`
	// Labels of the object, for people and tools; they are not put on containers.
	Labels map[string]string `json:"labels,omitempty"`
}

// Pool declares shared services and a number of warm workers.
type Pool struct {
	// APIVersion is hal/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// Kind is Pool.
	Kind string `json:"kind"`
	// Metadata names the pool.
	Metadata Metadata `json:"metadata"`
	// Spec is what the user wants.
	Spec PoolSpec `json:"spec"`
	// Status is what the controller reports. In a file it is a warning, and ignored.
	Status *PoolStatus `json:"status,omitempty"`
}

// Claim declares that a named claim on a pool's worker should exist.
type Claim struct {
	// APIVersion is hal/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// Kind is Claim.
	Kind string `json:"kind"`
	// Metadata names the claim.
	Metadata Metadata `json:"metadata"`
	// Spec is what the user wants.
	Spec ClaimSpec `json:"spec"`
}

// ClaimSpec is the wanted state of a claim.
type ClaimSpec struct {
	// Pool to take the worker from.
	Pool string `json:"pool"`
	// Project is the directory that appears as the worker's workspace.
	Project string `json:"project,omitempty"`
}

// PoolSpec is the wanted state of a pool.
type PoolSpec struct {
	// Suspend stops the controller from creating, replacing or reaping anything in this pool; claims still work.
	Suspend bool `json:"suspend,omitempty"`
	// Network says how the pool's containers reach each other and the outside.
	Network Network `json:"network,omitzero"`
	// Parent is the shared services' first container. Optional.
	Parent *Service `json:"parent,omitempty"`
	// Services are further shared services, each with a name and the parent's fields.
	Services []NamedService `json:"services,omitempty"`
	// Workers are the pool's warm workers.
	Workers Workers `json:"workers"`
	// Volumes that the pool's containers may mount by name.
	Volumes []Volume `json:"volumes,omitempty"`
}

// NetworkMode is how containers of a pool share a network.
type NetworkMode string

// Network modes.
const (
	NetworkShared NetworkMode = "shared"
	NetworkBridge NetworkMode = "bridge"
)

// Network of a pool.
type Network struct {
	// Mode is shared (one network namespace, services on localhost) or bridge (an address each, services by DNS name). Default shared.
	Mode NetworkMode `json:"mode,omitempty"`
	// Internal, in bridge mode only, leaves the pool no way out to other networks.
	Internal bool `json:"internal,omitempty"`
}

// Service is a container that all workers of the pool share.
type Service struct {
	// Image to run: any image reference the engine has.
	Image string `json:"image"`
	// Command replaces the image's command.
	Command []string `json:"command,omitempty"`
	// User to run as, "uid", "uid:gid" or a name. Default: the image's user.
	User string `json:"user,omitempty"`
	// Env sets environment variables.
	Env []EnvVar `json:"env,omitempty"`
	// Labels to put on the container. The prefix hal/ is reserved.
	Labels map[string]string `json:"labels,omitempty"`
	// Ports to publish, as "[hostIP:]hostPort:containerPort[/protocol]". Without a host IP, 127.0.0.1.
	Ports []string `json:"ports,omitempty"`
	// Resources are the limits of the container. Default cpu "2", memory 2Gi, pids 200.
	Resources Resources `json:"resources,omitzero"`
	// StopSignal asks the main process to stop. Default SIGTERM.
	StopSignal string `json:"stopSignal,omitempty"`
	// StopGracePeriod is the time between the stop signal and SIGKILL. Default 10s.
	StopGracePeriod Duration `json:"stopGracePeriod,omitempty"`
	// Readiness says when the service is ready. Without it, it is ready when it runs.
	Readiness *Probe `json:"readiness,omitempty"`
	// Volumes to mount.
	Volumes []VolumeMount `json:"volumes,omitempty"`
	// Security of the container.
	Security Security `json:"security,omitzero"`
}

// NamedService is a further shared service.
type NamedService struct {
	// Name of the service: its DNS name in bridge mode, and part of its container's name. A DNS label; "parent", "sandbox" and plain numbers are taken.
	Name    string `json:"name"`
	Service `json:",inline"`
}

// EnvVar is one environment variable.
type EnvVar struct {
	// Name of the variable.
	Name string `json:"name"`
	// Value of the variable; always a string.
	Value string `json:"value,omitempty"`
}

// Resources are hard limits.
type Resources struct {
	// CPU limit, as "2", "0.5" or "500m". Default "2".
	CPU CPU `json:"cpu,omitempty"`
	// Memory limit, as "512Mi" or "4Gi", from 6Mi; swap is not added to it. Default 4Gi for workers, 2Gi for services.
	Memory Memory `json:"memory,omitempty"`
	// Pids is the most processes and threads at one time. Default 100 for workers, 200 for services.
	Pids int64 `json:"pids,omitempty" jsonschema:"minimum=1"`
}

// Probe says when a container is ready. Exactly one of exec, httpGet and tcpSocket.
type Probe struct {
	// Exec is a command run in the container; exit code 0 is success.
	Exec []string `json:"exec,omitempty"`
	// HTTPGet is a request from the controller's host; a status of 200 to 399 is success.
	HTTPGet *HTTPGet `json:"httpGet,omitempty"`
	// TCPSocket is a connection from the controller's host; being accepted is success.
	TCPSocket *TCPSocket `json:"tcpSocket,omitempty"`
	// Period between two tries, from 100ms. A worker that is ready is asked at most every 30s. Default 1s.
	Period Duration `json:"period,omitempty"`
	// Timeout of one try. Default 5s.
	Timeout Duration `json:"timeout,omitempty"`
	// FailureThreshold is how many failures in a row make a ready container unready. Default 3.
	FailureThreshold int `json:"failureThreshold,omitempty" jsonschema:"minimum=1"`
	// StartupTimeout is the time a new container has to become ready for the first time; after it, it has failed. Default 1m.
	StartupTimeout Duration `json:"startupTimeout,omitempty"`
}

// HTTPGet is the request of a probe.
type HTTPGet struct {
	// Port on the container.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// Path of the request. Default "/".
	Path string `json:"path,omitempty"`
}

// TCPSocket is the address of a probe.
type TCPSocket struct {
	// Port on the container.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
}

// VolumeScope says whose a mounted volume is.
type VolumeScope string

// Volume scopes.
const (
	ScopePool VolumeScope = "pool"
	ScopeUser VolumeScope = "user"
)

// VolumeMount puts a volume into a container.
type VolumeMount struct {
	// Name of the volume. With scope pool it must be one of spec.volumes.
	Name string `json:"name"`
	// Target is the absolute path in the container.
	Target string `json:"target"`
	// ReadOnly forbids writing.
	ReadOnly bool `json:"readOnly,omitempty"`
	// Scope is pool (one volume for all) or user (each person's own, bound when they claim a worker). Default pool.
	Scope VolumeScope `json:"scope,omitempty"`
}

// OnEmpty is what a claim gets that finds no warm worker.
type OnEmpty string

// Answers to an empty pool.
const (
	OnEmptyCold  OnEmpty = "cold"
	OnEmptyQueue OnEmpty = "queue"
	OnEmptyFail  OnEmpty = "fail"
)

// Workers of a pool.
type Workers struct {
	// Warm is how many workers are kept ready and unclaimed.
	Warm int `json:"warm" jsonschema:"minimum=0,maximum=1000"`
	// Max is the ceiling on every worker that exists: warm, claimed, on the way up, on the way down, and failed ones kept. Default warm + 10.
	Max *int `json:"max,omitempty" jsonschema:"minimum=0,maximum=1000"`
	// OnEmpty is what a claim gets that finds no warm worker: cold (one is created), queue (it waits) or fail. Default cold.
	OnEmpty OnEmpty `json:"onEmpty,omitempty"`
	// Template of each worker.
	Template WorkerTemplate `json:"template"`
	// Update bounds a rollout of a changed template.
	Update Update `json:"update,omitzero"`
	// Restart says how failed workers are replaced.
	Restart Restart `json:"restart,omitzero"`
	// Lifetime bounds the age of workers.
	Lifetime Lifetime `json:"lifetime,omitzero"`
}

// WorkerTemplate is what each worker is made from.
type WorkerTemplate struct {
	// Image to run.
	Image string `json:"image"`
	// Command replaces the image's command. It must keep running.
	Command []string `json:"command,omitempty"`
	// User to run as, "uid", "uid:gid" or a name. Default: the image's user.
	User string `json:"user,omitempty"`
	// Env sets environment variables.
	Env []EnvVar `json:"env,omitempty"`
	// Labels to put on the container. The prefix hal/ is reserved.
	Labels map[string]string `json:"labels,omitempty"`
	// Secrets to deliver when the worker is claimed.
	Secrets []Secret `json:"secrets,omitempty"`
	// Resources are the limits of the worker. Default cpu "2", memory 4Gi, pids 100.
	Resources Resources `json:"resources,omitzero"`
	// Volumes to mount.
	Volumes []VolumeMount `json:"volumes,omitempty"`
	// Workspace is where the project of a claim appears.
	Workspace Workspace `json:"workspace,omitzero"`
	// Security of the worker.
	Security Security `json:"security,omitzero"`
	// Warmup runs once in a new worker before it counts as ready.
	Warmup *Warmup `json:"warmup,omitempty"`
	// Readiness says when a worker is ready. Without it, it is ready when it runs and is warmed up.
	Readiness *Probe `json:"readiness,omitempty"`
	// StopSignal asks the main process to stop. Default SIGTERM.
	StopSignal string `json:"stopSignal,omitempty"`
	// StopGracePeriod is the time between the stop signal and SIGKILL. Default 10s.
	StopGracePeriod Duration `json:"stopGracePeriod,omitempty"`
}

// Secret is a file delivered into a worker when it is claimed.
type Secret struct {
	// Name of the secret.
	Name string `json:"name"`
	// File to read it from, relative to the manifest.
	File string `json:"file"`
	// Target is the absolute path in the worker. Default /run/secrets/NAME.
	Target string `json:"target,omitempty"`
}

// WorkspaceMode is how a project gets into a worker.
type WorkspaceMode string

// Workspace modes.
const (
	WorkspaceAuto WorkspaceMode = "auto"
	WorkspaceBind WorkspaceMode = "bind"
	WorkspaceCopy WorkspaceMode = "copy"
	WorkspaceNone WorkspaceMode = "none"
)

// Workspace is where and how the project of a claim appears.
type Workspace struct {
	// Target is the absolute path in the worker. Default /workspace.
	Target string `json:"target,omitempty"`
	// Mode is auto, bind, copy or none. Default auto.
	Mode WorkspaceMode `json:"mode,omitempty"`
}

// Security of a container. Privileged containers cannot be declared.
type Security struct {
	// ReadOnlyRootFilesystem makes everything but volumes and /tmp read-only.
	ReadOnlyRootFilesystem bool `json:"readOnlyRootFilesystem,omitempty"`
	// NoNewPrivileges keeps setuid files from raising privileges. Default true.
	NoNewPrivileges *bool `json:"noNewPrivileges,omitempty"`
	// CapDrop lists the capabilities to drop. Default [ALL].
	CapDrop []string `json:"capDrop,omitzero"`
	// CapAdd lists the capabilities to add back.
	CapAdd []string `json:"capAdd,omitempty"`
	// Seccomp is default, or the path of a profile relative to the manifest. Default "default".
	Seccomp string `json:"seccomp,omitempty"`
	// Runtime names one of the engine's OCI runtimes. Default: the engine's default.
	Runtime string `json:"runtime,omitempty"`
}

// Warmup is a command that prepares a new worker.
type Warmup struct {
	// Exec is the command; it may run again after a restart of the controller, so it must be repeatable.
	Exec []string `json:"exec"`
	// Timeout of the command; a worker that exceeds it has failed. Default 20s.
	Timeout Duration `json:"timeout,omitempty"`
}

// OnFailure is what a failing rollout does.
type OnFailure string

// Answers to a failing rollout.
const (
	OnFailurePause    OnFailure = "pause"
	OnFailureRollback OnFailure = "rollback"
	OnFailureContinue OnFailure = "continue"
)

// Update bounds a rollout.
type Update struct {
	// MaxUnavailable is how many warm workers, or how many per cent of them (rounded down), may be missing during a rollout. Default 20%.
	MaxUnavailable *IntOrPercent `json:"maxUnavailable,omitempty"`
	// MaxSurge is how many workers above warm, or how many per cent of warm (rounded up), a rollout may create. Default 1.
	MaxSurge *IntOrPercent `json:"maxSurge,omitempty"`
	// MinReady is how long a worker must have been ready to count as available. Default 2s.
	MinReady *Duration `json:"minReady,omitempty"`
	// ProgressDeadline is how long a rollout may go without a new worker becoming available before it has failed. Default 10m.
	ProgressDeadline Duration `json:"progressDeadline,omitempty"`
	// MaxFailures is how many workers of the new revision may fail before onFailure acts. Default 1.
	MaxFailures *int `json:"maxFailures,omitempty" jsonschema:"minimum=0"`
	// OnFailure is pause, rollback or continue. Default pause.
	OnFailure OnFailure `json:"onFailure,omitempty"`
}

// Restart says how failed workers and services are replaced. The first failure of each is replaced at once; then the wait doubles from initialBackoff to maxBackoff.
type Restart struct {
	// InitialBackoff is the first wait. Default 1s.
	InitialBackoff Duration `json:"initialBackoff,omitempty"`
	// MaxBackoff is the longest wait. Default 5m.
	MaxBackoff Duration `json:"maxBackoff,omitempty"`
	// ResetAfter is the time without a failure that ends a series of failures. Default 10m.
	ResetAfter Duration `json:"resetAfter,omitempty"`
	// KeepFailed is how many failed workers are kept, stopped, for a look at them. Default 3.
	KeepFailed *int `json:"keepFailed,omitempty" jsonschema:"minimum=0,maximum=1000"`
}

// Lifetime bounds the age of workers. Zero is never.
type Lifetime struct {
	// WarmMaxAge replaces an unclaimed worker of this age. Default 0, never.
	WarmMaxAge Duration `json:"warmMaxAge,omitempty" jsonschema:"default=0"`
	// ClaimTTL releases a claim of this age. Default 0, never.
	ClaimTTL Duration `json:"claimTTL,omitempty" jsonschema:"default=0"`
	// ClaimIdleTimeout releases a claim without activity for this long, at least 20s. Default 0, never.
	ClaimIdleTimeout Duration `json:"claimIdleTimeout,omitempty" jsonschema:"default=0"`
}

// Reclaim is what happens to a volume whose pool is deleted.
type Reclaim string

// Reclaim policies.
const (
	ReclaimRetain Reclaim = "Retain"
	ReclaimDelete Reclaim = "Delete"
)

// Volume is a named volume of the pool.
type Volume struct {
	// Name of the volume; on the engine it is hal-POOL-NAME.
	Name string `json:"name"`
	// Reclaim is Retain or Delete: what happens to the volume when the pool is deleted. Default Retain.
	Reclaim Reclaim `json:"reclaim,omitempty"`
}
