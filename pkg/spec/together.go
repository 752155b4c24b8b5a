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
	first := map[string]*Object{}
	pools := map[string]*Object{}
	eachPool(docs, func(d *document) { pools[d.object.Name()] = d.object })
	eachPool(docs, func(d *document) {
		for _, n := range engineNames(d.object.Pool) {
			other, taken := first[n.name]
			if !taken {
				other, taken = workerOwner(pools, n.name)
			}
			if taken && other.Name() != d.object.Name() {
				d.problem(n.path, fmt.Sprintf("makes the name hal-%s, which pool %q has too (%s): rename one of them", n.name[2:], other.Name(), other.Source))
				continue
			}
			first[n.name] = d.object
		}
	})
}

// engineName is a name on the engine after "hal-", marked by what it names, since
// a volume and a container may share one.
type engineName struct{ name, path string }

func engineNames(p *Pool) []engineName {
	names := []engineName{
		{"c:" + p.Metadata.Name + "-sandbox", "metadata.name"},
		{"c:" + p.Metadata.Name + "-parent", "metadata.name"},
	}
	for i, s := range p.Spec.Services {
		names = append(names, engineName{"c:" + p.Metadata.Name + "-" + s.Name, itemPath("spec.services", i) + ".name"})
	}
	for i, v := range p.Spec.Volumes {
		names = append(names, engineName{"v:" + p.Metadata.Name + "-" + v.Name, itemPath("spec.volumes", i) + ".name"})
	}
	return names
}

// workerOwner is the pool whose workers have names such as this.
func workerOwner(pools map[string]*Object, name string) (*Object, bool) {
	container, isContainer := strings.CutPrefix(name, "c:")
	i := strings.LastIndexByte(container, '-')
	if !isContainer || i < 0 {
		return nil, false
	}
	if _, err := strconv.ParseUint(container[i+1:], 10, 64); err != nil {
		return nil, false
	}
	owner, ok := pools[container[:i]]
	return owner, ok
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
