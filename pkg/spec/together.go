package spec

import (
	"fmt"
	"strconv"
	"strings"
)

// checkTogether checks what two objects cannot both have. The later one gets the
// problem, with the place of the first.
func checkTogether(docs []document) {
	checkNames(docs)
	checkEngineNames(docs)
	checkPorts(docs)
}

func checkNames(docs []document) {
	first := map[string]Source{}
	for i := range docs {
		d := &docs[i]
		if d.object == nil || d.object.Name() == "" {
			continue
		}
		key := d.object.Kind() + "/" + d.object.Name()
		if source, taken := first[key]; taken {
			d.problem("metadata.name", fmt.Sprintf("the %s %q is declared already, in %s", d.object.Kind(), d.object.Name(), source))
			continue
		}
		first[key] = d.object.Source
	}
}

// checkEngineNames finds pools whose containers or volumes would have one name:
// hal-a-b-c is the service "b-c" of pool "a" and the service "c" of pool "a-b".
func checkEngineNames(docs []document) {
	first := map[engineName]*Object{}
	pools := map[string]*Object{}
	eachPool(docs, func(d *document) { pools[d.object.Name()] = d.object })
	eachPool(docs, func(d *document) {
		eachEngineName(d.object.Pool, func(n engineName, path string) {
			other := first[n]
			if other == nil {
				other = workerOwner(pools, n)
			}
			if other != nil && other.Name() != d.object.Name() {
				d.problem(path, fmt.Sprintf("makes the name hal-%s, which pool %q has too (%s): rename one of them", n.name, other.Name(), other.Source))
				return
			}
			first[n] = d.object
		})
	})
}

// engineName is a name on the engine after "hal-". A volume and a container may
// share one.
type engineName struct {
	volume bool
	name   string
}

// eachEngineName visits the names that a pool makes, its workers' excepted, with
// the field that each comes from.
func eachEngineName(p *Pool, visit func(n engineName, path string)) {
	prefix := p.Metadata.Name + "-"
	visit(engineName{name: prefix + "sandbox"}, "metadata.name")
	visit(engineName{name: prefix + "parent"}, "metadata.name")
	for i, s := range p.Spec.Services {
		visit(engineName{name: prefix + s.Name}, itemPath("spec.services", i)+".name")
	}
	for i, v := range p.Spec.Volumes {
		visit(engineName{name: prefix + v.Name, volume: true}, itemPath("spec.volumes", i)+".name")
	}
}

// workerOwner is the pool whose workers have names such as this, or nil.
func workerOwner(pools map[string]*Object, n engineName) *Object {
	i := strings.LastIndexByte(n.name, '-')
	if _, err := strconv.ParseUint(n.name[i+1:], 10, 64); err != nil || n.volume {
		return nil
	}
	return pools[n.name[:i]]
}

func checkPorts(docs []document) {
	taken := portTable{}
	eachPool(docs, func(d *document) {
		ports := publishedPorts(d.object.Pool.Spec)
		for _, p := range ports {
			if e, ok := taken.conflict(p.Port); ok {
				d.problem(p.path, fmt.Sprintf("%s is taken by pool %q, %s (%s)", p.Port, e.owner.Name(), e.Port, e.owner.Source))
			}
		}
		for _, p := range ports {
			p.owner = d.object
			taken.add(p)
		}
	})
}

func eachPool(docs []document, visit func(*document)) {
	for i := range docs {
		if o := docs[i].object; o != nil && o.Pool != nil && o.Pool.Metadata.Name != "" {
			visit(&docs[i])
		}
	}
}
