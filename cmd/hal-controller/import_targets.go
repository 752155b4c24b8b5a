package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hal-controller/pkg/claim/bind"
	"hal-controller/pkg/hal9000"
	"hal-controller/pkg/reconcile"
	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

// claudeID is the user and the group that the images of the parent and the services
// run as.
const claudeID = 1001

// declaredVolumes are a manifest's volumes as the controller makes them.
func declaredVolumes(manifest []byte) (map[string]runtime.VolumeSpec, error) {
	objects, problems := spec.Load("the new manifest", manifest)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	volumes := map[string]runtime.VolumeSpec{}
	for _, pool := range poolsOf(objects) {
		for _, v := range reconcile.Desire(pool).Volumes {
			volumes[reconcile.VolumeOfName(v.Pool, v.Name)] = v
		}
	}
	return volumes, nil
}

// importJob is a copy whose target is there.
type importJob struct {
	hal9000.Job
	// discard is the command that takes the target away.
	discard string
}

func (j importJob) told(outcome hal9000.Outcome) string {
	if outcome == hal9000.HasData {
		return string(outcome) + ", which is left as it is; to have it copied anew: " + j.discard
	}
	return string(outcome)
}

// importer makes the targets of copies.
type importer struct {
	engine  *docker.Engine
	volumes map[string]runtime.VolumeSpec // of the pool, by their names in the manifest
	users   *operator                     // of a state directory alone: it knows where a person's volumes are
}

func newImporter(engine *docker.Engine, dir string, manifest []byte) (importer, error) {
	dir, err := filepath.Abs(dir) // the engine binds it
	if err == nil {
		err = os.MkdirAll(dir, 0o711) // people go through it, to what is rescued for them
	}
	if err != nil {
		return importer{}, fmt.Errorf("make the state directory: %w", err)
	}
	volumes, err := declaredVolumes(manifest)
	return importer{engine, volumes, &operator{state: dir}}, err
}

// jobs makes the targets of all copies: that a name is taken is known before
// anything is copied.
func (i importer) jobs(ctx context.Context, p hal9000.Plan) ([]importJob, error) {
	var jobs []importJob
	var failures []error
	for _, c := range p.Copies {
		job, err := i.job(ctx, c)
		jobs, failures = append(jobs, job), append(failures, err)
	}
	return jobs, errors.Join(failures...)
}

func (i importer) job(ctx context.Context, c hal9000.Copy) (importJob, error) {
	if person := c.To.Person; person != nil {
		dir, err := i.users.userDir(bind.Caller{UID: person.UID, GID: person.GID}, "", c.To.Volume)
		if err != nil {
			return importJob{}, fmt.Errorf("make the directory of %s: %w", c.To, err)
		}
		to := runtime.Mount{Type: runtime.MountBind, Source: dir}
		return importJob{hal9000.Job{From: c.From, To: to, UID: person.UID, GID: person.GID}, "mv " + dir + " ELSEWHERE"}, nil
	}
	volume := i.volumes[c.To.Volume]
	if err := i.engine.CreateVolume(ctx, volume); err != nil {
		return importJob{}, fmt.Errorf("create volume %s: %w", volume.Name, err)
	}
	to := runtime.Mount{Type: runtime.MountVolume, Source: volume.Name}
	return importJob{hal9000.Job{From: c.From, To: to, UID: claudeID, GID: claudeID}, "docker volume rm " + volume.Name}, nil
}
