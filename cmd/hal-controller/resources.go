package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hal-controller/pkg/spec"
)

// resource is a kind of thing that can be asked about.
type resource struct {
	// name in the singular, and all words for it, the plural first.
	name  string
	words []string
	// columns of its table, and those that wide adds. AGE is made of created.
	columns, wide []string
	// state is the column that says how one is.
	state string
	// rows are those of one pool.
	rows func(spec.Pool) []row
}

// row is one thing, as a table shows it and as an object.
type row struct {
	pool, name string
	created    time.Time
	cells      map[string]string
	object     any
}

var resources = []resource{
	{
		name: "pool", words: []string{"pools", "pool", "po"}, state: "STATUS", rows: poolRows,
		columns: []string{"NAME", "READY", "WARM", "CLAIMED", "FAILED", "UPDATED", "AGE", "STATUS"},
		wide:    []string{"REVISION", "SOURCE", "MESSAGE"},
	},
	{
		name: "worker", words: []string{"workers", "worker", "w"}, state: "PHASE", rows: workerRows,
		columns: []string{"NAME", "POOL", "PHASE", "CLAIM", "REVISION", "AGE", "MESSAGE"},
		wide:    []string{"IMAGE", "ID"},
	},
	{
		name: "service", words: []string{"services", "service", "svc"}, state: "PHASE", rows: serviceRows,
		columns: []string{"NAME", "POOL", "ROLE", "PHASE", "AGE", "MESSAGE"},
		wide:    []string{"IMAGE", "ID"},
	},
	{
		name: "volume", words: []string{"volumes", "volume", "vol"}, state: "EXISTS", rows: volumeRows,
		columns: []string{"NAME", "POOL", "VOLUME", "RECLAIM", "EXISTS"},
	},
}

// resourceOf finds what a word means.
func resourceOf(word string) (resource, error) {
	var words []string
	for _, r := range resources {
		if slices.Contains(r.words, strings.ToLower(word)) {
			return r, nil
		}
		words = append(words, r.words[:2]...)
	}
	hint := didYouMean(word, words)
	if hint == "" {
		hint = ": it is one of pools, workers, services, volumes"
	}
	return resource{}, usagef("there is no kind of thing called %q%s", word, hint)
}

// rowsOf are the rows of all pools, or of one.
func (r resource) rowsOf(pools []spec.Pool, only string) []row {
	var rows []row
	for _, pool := range pools {
		if only == "" || pool.Metadata.Name == only {
			rows = append(rows, r.rows(pool)...)
		}
	}
	return rows
}

// What -o json and -o yaml show beside pools.
type (
	objectMeta struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Pool       string `json:"pool"`
	}
	containerObject struct {
		objectMeta
		spec.ContainerStatus
	}
	volumeObject struct {
		objectMeta
		spec.VolumeStatus
	}
	// foundPool is a pool of which only the containers are known.
	foundPool struct {
		APIVersion string           `json:"apiVersion"`
		Kind       string           `json:"kind"`
		Metadata   spec.Metadata    `json:"metadata"`
		Status     *spec.PoolStatus `json:"status"`
	}
)

func poolRows(p spec.Pool) []row {
	status := *orEmpty(p.Status)
	word, message := headline(p.Status)
	r := row{pool: p.Metadata.Name, name: p.Metadata.Name, created: oldest(status), object: p, cells: map[string]string{
		"READY": strconv.Itoa(status.Ready), "WARM": strconv.Itoa(p.Spec.Workers.Warm),
		"CLAIMED": strconv.Itoa(status.Claimed), "FAILED": strconv.Itoa(status.Failed),
		"UPDATED": strconv.Itoa(status.Updated), "STATUS": word,
		"REVISION": status.Revision, "SOURCE": status.Source, "MESSAGE": message,
	}}
	if !declared(p) {
		r.cells["WARM"], r.cells["UPDATED"] = "", ""
		r.object = foundPool{spec.APIVersion, spec.KindPool, p.Metadata, p.Status}
	}
	return []row{r}
}

// declared says that the manifest of a pool is known; every manifest has an image.
func declared(p spec.Pool) bool { return p.Spec.Workers.Template.Image != "" }

// oldest is when the first of a pool's containers was made. A pool itself has no
// age: its manifest may be older than any of its files.
func oldest(status spec.PoolStatus) time.Time {
	var first time.Time
	for _, c := range containersOf(status) {
		if first.IsZero() || !c.Created.IsZero() && c.Created.Before(first) {
			first = c.Created
		}
	}
	return first
}

func workerRows(p spec.Pool) []row { return containerRows("Worker", p, orEmpty(p.Status).Workers) }

func serviceRows(p spec.Pool) []row { return containerRows("Service", p, orEmpty(p.Status).Services) }

func containerRows(kind string, p spec.Pool, containers []spec.ContainerStatus) []row {
	var rows []row
	for _, c := range containers {
		rows = append(rows, row{
			pool: p.Metadata.Name, name: c.Name, created: c.Created,
			object: containerObject{objectMeta{spec.APIVersion, kind, p.Metadata.Name}, c},
			cells: map[string]string{
				"ROLE": c.Role, "PHASE": c.Phase, "CLAIM": c.Claim, "REVISION": c.Revision,
				"MESSAGE": c.Message, "IMAGE": c.Image, "ID": shortID(c.ID),
			},
		})
	}
	return rows
}

func volumeRows(p spec.Pool) []row {
	var rows []row
	for _, v := range orEmpty(p.Status).Volumes {
		rows = append(rows, row{
			pool: p.Metadata.Name, name: v.EngineName,
			object: volumeObject{objectMeta{spec.APIVersion, "Volume", p.Metadata.Name}, v},
			cells:  map[string]string{"VOLUME": v.Name, "RECLAIM": string(v.Reclaim), "EXISTS": fmt.Sprint(v.Exists)},
		})
	}
	return rows
}

// shortID is an id as the engine's own tool shows it.
func shortID(id string) string { return id[:min(12, len(id))] }
