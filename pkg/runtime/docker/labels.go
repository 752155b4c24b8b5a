package docker

import (
	"maps"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/filters"

	"hal-controller/pkg/runtime"
)

// Labels on the objects of the controller. Ownership is by these alone.
const (
	reserved      = "hal/"
	labelInstance = reserved + "instance"
	labelPool     = reserved + "pool"
	labelRole     = reserved + "role"
	labelService  = reserved + "service"
	labelOrdinal  = reserved + "ordinal"
	labelRevision = reserved + "revision"
	labelSpecHash = reserved + "spec-hash"
)

// unreadable is the ordinal of a worker whose label is none: it is nobody's, and
// above all it is not worker 0.
const unreadable = -1

// ours are the labels of a network or a volume.
func (e *Engine) ours(pool string) map[string]string {
	return map[string]string{labelInstance: e.instance, labelPool: pool}
}

// owns says whether an object with these labels is of this instance.
func (e *Engine) owns(labels map[string]string) bool {
	return labels[labelInstance] == e.instance
}

// containerLabels are the user's labels and the owner's.
func (e *Engine) containerLabels(users map[string]string, o runtime.Owner) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, users)
	maps.Copy(labels, e.ours(o.Pool))
	labels[labelRole] = string(o.Role)
	for key, value := range map[string]string{
		labelService: o.Service, labelRevision: o.Revision, labelSpecHash: o.SpecHash,
	} {
		if value != "" {
			labels[key] = value
		}
	}
	if o.Role == runtime.RoleWorker {
		labels[labelOrdinal] = strconv.Itoa(o.Ordinal)
	}
	return labels
}

// ownerOf reads labels that anyone may have written.
func ownerOf(labels map[string]string) runtime.Owner {
	owner := runtime.Owner{
		Pool:     labels[labelPool],
		Role:     runtime.Role(labels[labelRole]),
		Service:  labels[labelService],
		Revision: labels[labelRevision],
		SpecHash: labels[labelSpecHash],
	}
	if owner.Role == runtime.RoleWorker {
		owner.Ordinal = ordinalOf(labels[labelOrdinal])
	}
	return owner
}

func ordinalOf(label string) int {
	n, err := strconv.Atoi(label)
	if err != nil || n < 0 {
		return unreadable
	}
	return n
}

// usersLabels are the labels without the reserved ones.
func usersLabels(labels map[string]string) map[string]string {
	users := map[string]string{}
	for key, value := range labels {
		if !strings.HasPrefix(key, reserved) {
			users[key] = value
		}
	}
	return users
}

// filter asks the engine for the objects of a pool, or of all pools for "".
func (e *Engine) filter(pool string) filters.Args {
	args := filters.NewArgs(filters.Arg("label", labelInstance+"="+e.instance))
	if pool != "" {
		args.Add("label", labelPool+"="+pool)
	}
	return args
}
