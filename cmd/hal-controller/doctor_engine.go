package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/runtime/docker"
	"hal-controller/pkg/spec"
)

// oldestAPI is the first version of the engine's API that is supported: that of
// Docker 20.10.
var oldestAPI = []int{1, 41}

// engineChecks asks the engine. The error is that it does not answer.
func engineChecks(ctx context.Context, engine *docker.Engine, pools []*spec.Pool) (checks []check, engineID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	info, err := engine.Info(ctx)
	if err != nil {
		return nil, "", err
	}
	memory, err := engine.Host(ctx)
	if err != nil {
		return nil, "", err
	}
	checks = append(infoChecks(info), memoryCheck(memory, pools))
	if c, needed := runtimesCheck(info.Runtimes, pools); needed {
		checks = append(checks, c)
	}
	checks = append(checks, pauseImageCheck(ctx, engine))
	return append(checks, imageChecks(ctx, engine, pools)...), info.ID, nil
}

// infoChecks judge what an engine says of itself.
func infoChecks(info docker.Info) []check {
	return []check{versionCheck(info), storageCheck(info.StorageDriver), cgroupCheck(info), initCheck(info.InitBinary)}
}

func versionCheck(info docker.Info) check {
	message := fmt.Sprintf("version %s, API %s", info.Version, info.APIVersion)
	if info.Podman {
		return failed("engine", "Podman "+message, podmanWayOut)
	}
	if !apiSupported(info.APIVersion) {
		return failed("engine", message, "update it: API 1.41 (Docker 20.10) is the oldest that is supported")
	}
	return passed("engine", message)
}

// podmanWayOut is for whoever has Podman: what a controller relies on is answered in
// other ways there, so that it would take its own containers for drifted or gone.
const podmanWayOut = "use Docker: Podman answers updates, taken names and inspections in other ways (docs/engines.md)"

// apiSupported compares numbers: 1.9 is older than 1.41.
func apiSupported(api string) bool {
	var numbers []int
	for part := range strings.SplitSeq(api, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return false
		}
		numbers = append(numbers, n)
	}
	return slices.Compare(numbers, oldestAPI) >= 0
}

func storageCheck(driver string) check {
	if driver == "vfs" {
		return warning("storage driver", "vfs copies a whole image for every container: slow, and large on disk", "use overlay2: see storage-driver in the engine's daemon.json")
	}
	return passed("storage driver", driver)
}

func cgroupCheck(info docker.Info) check {
	switch {
	case info.CgroupVersion == "":
		return warning("cgroups", "the engine does not tell of any: limits may not hold", "see `docker info` for its warnings")
	case info.CgroupDriver == "none":
		return warning("cgroups", "the engine may not use any, as without root on version 1: limits are taken and not kept", "use cgroups version 2, or an engine that root runs")
	default:
		return passed("cgroups", "version "+info.CgroupVersion)
	}
}

func initCheck(binary string) check {
	if binary == "" {
		return failed("init process", "the engine has none to put into containers", "install docker-init: it is part of the docker.io and docker-ce packages")
	}
	return passed("init process", binary)
}

// memoryCheck compares the engine's memory with the limits of what is declared.
func memoryCheck(m runtime.Host, pools []*spec.Pool) check {
	message := spec.Memory(m.Total>>20<<20).String() + " in all"
	if m.Available >= 0 {
		message += ", " + spec.Memory(m.Available>>20<<20).String() + " available"
	}
	need := memoryOf(pools)
	if int64(need) > m.Total {
		return warning("memory", fmt.Sprintf("%s; the limits of what is declared come to %s", message, need),
			"lower spec.workers.warm or the limits: workers that do not fit are not created")
	}
	return passed("memory", message)
}

// memoryOf is the sum of the limits of all services and warm workers.
func memoryOf(pools []*spec.Pool) spec.Memory {
	var sum spec.Memory
	for _, p := range pools {
		if p.Spec.Parent != nil {
			sum += p.Spec.Parent.Resources.Memory
		}
		for _, s := range p.Spec.Services {
			sum += s.Resources.Memory
		}
		sum += spec.Memory(p.Spec.Workers.Warm) * p.Spec.Workers.Template.Resources.Memory
	}
	return sum
}

// runtimesCheck is needed where a manifest names a runtime.
func runtimesCheck(has []string, pools []*spec.Pool) (c check, needed bool) {
	wanted := map[string]bool{}
	for _, p := range pools {
		for _, s := range securities(p) {
			wanted[s.Runtime] = true
		}
	}
	delete(wanted, "")
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !slices.Contains(has, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return failed("runtimes", fmt.Sprintf("the engine has %s, and not %s", strings.Join(has, ", "), strings.Join(missing, ", ")),
			"install it and add it to runtimes in the engine's daemon.json"), true
	}
	return passed("runtimes", strings.Join(has, ", ")), len(wanted) > 0
}

func securities(p *spec.Pool) []spec.Security {
	all := []spec.Security{p.Spec.Workers.Template.Security}
	if p.Spec.Parent != nil {
		all = append(all, p.Spec.Parent.Security)
	}
	for _, s := range p.Spec.Services {
		all = append(all, s.Security)
	}
	return all
}

// pauseImageCheck accepts a missing image that can be made when it is needed.
func pauseImageCheck(ctx context.Context, images runtime.Images) check {
	const name = "pause image"
	_, err := images.Image(ctx, runtime.PauseImage)
	switch {
	case err == nil:
		return passed(name, runtime.PauseImage)
	case !errors.Is(err, runtime.ErrImageMissing):
		return failed(name, err.Error(), "see the engine's log")
	case ownBinaryCheck().Result != resultOK:
		return failed(name, runtime.PauseImage+" is missing, and cannot be made from this binary", "run a static binary once: make one with `make build`")
	default:
		return passed(name, runtime.PauseImage+" is made from this binary when it is first needed")
	}
}

// imageChecks look for every image that the pools name.
func imageChecks(ctx context.Context, images runtime.Images, pools []*spec.Pool) []check {
	var checks []check
	for _, ref := range imagesOf(pools) {
		name := "image " + ref
		switch _, err := images.Image(ctx, ref); {
		case err == nil:
			checks = append(checks, passed(name, "there"))
		case errors.Is(err, runtime.ErrImageMissing):
			checks = append(checks, failed(name, "the engine does not have it", "docker pull "+ref+", or build it"))
		default:
			checks = append(checks, failed(name, err.Error(), "see the engine's log"))
		}
	}
	return checks
}

func imagesOf(pools []*spec.Pool) []string {
	refs := map[string]bool{}
	for _, p := range pools {
		refs[p.Spec.Workers.Template.Image] = true
		if p.Spec.Parent != nil {
			refs[p.Spec.Parent.Image] = true
		}
		for _, s := range p.Spec.Services {
			refs[s.Image] = true
		}
	}
	return slices.Sorted(maps.Keys(refs))
}
