package spec

import "time"

// Condition types of a pool.
const (
	ConditionReady         = "Ready"
	ConditionProgressing   = "Progressing"
	ConditionDegraded      = "Degraded"
	ConditionManifestValid = "ManifestValid"
)

// Values of a condition's status.
const (
	ConditionTrue    = "True"
	ConditionFalse   = "False"
	ConditionUnknown = "Unknown"
)

// Reasons of conditions. docs/troubleshooting.md has a section for each.
const (
	ReasonMinimumWarm              = "MinimumWarm"
	ReasonBelowMinimum             = "BelowMinimum"
	ReasonConverged                = "Converged"
	ReasonRollingOut               = "RollingOut"
	ReasonReplenishing             = "Replenishing"
	ReasonScalingDown              = "ScalingDown"
	ReasonSuspended                = "Suspended"
	ReasonDraining                 = "Draining"
	ReasonBlockedByClaims          = "BlockedByClaims"
	ReasonRolloutPaused            = "RolloutPaused"
	ReasonRolledBack               = "RolledBack"
	ReasonProgressDeadlineExceeded = "ProgressDeadlineExceeded"
	ReasonCrashLoop                = "CrashLoop"
	ReasonImageMissing             = "ImageMissing"
	ReasonInsufficientMemory       = "InsufficientMemory"
	ReasonAtMax                    = "AtMax"
	ReasonSharedServiceUnhealthy   = "SharedServiceUnhealthy"
	ReasonEngineUnavailable        = "EngineUnavailable"
	ReasonNameConflict             = "NameConflict"
	ReasonDrifted                  = "Drifted"
	ReasonActionFailed             = "ActionFailed"
	ReasonHealthy                  = "Healthy"
	ReasonManifestLoaded           = "Loaded"
	ReasonManifestInvalid          = "Invalid"
)

// PoolStatus is what the controller reports of a pool. It is output only: no
// decision reads it back.
type PoolStatus struct {
	// Generation of the manifest in force: it grows with each change of the spec.
	Generation int64 `json:"generation,omitempty"`
	// ObservedGeneration is the generation of the manifest last acted on.
	ObservedGeneration int64 `json:"observedGeneration"`
	// Revision is the hash of the worker template.
	Revision string `json:"revision,omitempty"`
	// Source is the file the pool came from.
	Source string `json:"source,omitempty"`
	// Warm is how many unclaimed workers are wanted.
	Warm int `json:"warm"`
	// Ready is how many unclaimed workers are ready.
	Ready int `json:"ready"`
	// Claimed is how many workers are claimed.
	Claimed int `json:"claimed"`
	// Creating is how many workers are on their way up.
	Creating int `json:"creating"`
	// Terminating is how many workers are on their way down.
	Terminating int `json:"terminating"`
	// Failed is how many failed workers are kept.
	Failed int `json:"failed"`
	// Updated is how many unclaimed workers have the wanted revision.
	Updated int `json:"updated"`
	// Conditions of the pool.
	Conditions []Condition `json:"conditions,omitempty"`
	// Workers of the pool, by ordinal.
	Workers []ContainerStatus `json:"workers,omitempty"`
	// Services of the pool: sandbox, parent, then the others by name.
	Services []ContainerStatus `json:"services,omitempty"`
	// Volumes of the pool, by name.
	Volumes []VolumeStatus `json:"volumes,omitempty"`
	// Waiting says what the controller is waiting for, each with the time of the next try where there is one.
	Waiting []Waiting `json:"waiting,omitempty"`
}

// Condition is one fact about an object, in Kubernetes' six fields.
type Condition struct {
	// Type of the condition.
	Type string `json:"type"`
	// Status is True, False or Unknown.
	Status string `json:"status"`
	// ObservedGeneration is the generation the condition speaks of.
	ObservedGeneration int64 `json:"observedGeneration"`
	// LastTransitionTime is when status last changed.
	LastTransitionTime time.Time `json:"lastTransitionTime"`
	// Reason is one word for programs.
	Reason string `json:"reason"`
	// Message is a sentence for people.
	Message string `json:"message"`
}

// ContainerStatus is what the controller reports of one container.
type ContainerStatus struct {
	// Name of the container on the engine.
	Name string `json:"name"`
	// ID of the container on the engine.
	ID string `json:"id,omitempty"`
	// Role is worker, parent, service or sandbox.
	Role string `json:"role"`
	// Phase in one word: Creating, Starting, Ready, NotReady, Claimed, Terminating, Failed.
	Phase string `json:"phase"`
	// Claim is the name of the claim that holds the worker.
	Claim string `json:"claim,omitempty"`
	// Revision the worker was made from.
	Revision string `json:"revision,omitempty"`
	// Image the container was made from.
	Image string `json:"image,omitempty"`
	// Created is when the container was made.
	Created time.Time `json:"created,omitzero"`
	// Message says why it is not ready, or what has drifted.
	Message string `json:"message,omitempty"`
}

// VolumeStatus is what the controller reports of one volume.
type VolumeStatus struct {
	// Name of the volume in the manifest.
	Name string `json:"name"`
	// EngineName of the volume.
	EngineName string `json:"engineName"`
	// Reclaim policy of the volume.
	Reclaim Reclaim `json:"reclaim"`
	// Exists says whether the engine has it.
	Exists bool `json:"exists"`
}

// Waiting is one thing the controller waits for.
type Waiting struct {
	// Object that waits.
	Object string `json:"object"`
	// Reason is a condition reason.
	Reason string `json:"reason"`
	// Message says what it waits for and what would help.
	Message string `json:"message"`
	// Until is the time of the next try; zero where it waits for an event.
	Until time.Time `json:"until,omitzero"`
}
