package spec

// publishedPort is a port with the place where it is declared.
type publishedPort struct {
	Port
	path  string
	owner *Object // nil within one pool
}

// publishedPorts are the ports of a pool that can be read.
func publishedPorts(s PoolSpec) []publishedPort {
	var found []publishedPort
	eachService(s, func(path string, service Service) {
		for i, text := range service.Ports {
			if port, err := ParsePort(text); err == nil {
				found = append(found, publishedPort{Port: port, path: itemPath(path+".ports", i)})
			}
		}
	})
	return found
}

func eachService(s PoolSpec, visit func(path string, service Service)) {
	if s.Parent != nil {
		visit("spec.parent", *s.Parent)
	}
	for i, named := range s.Services {
		visit(itemPath("spec.services", i), named.Service)
	}
}

func (c *checker) ports(s PoolSpec) {
	taken := portTable{}
	eachService(s, func(path string, service Service) {
		if s.Network.Internal && len(service.Ports) > 0 {
			c.add(path+".ports", "cannot be published: spec.network.internal leaves the pool no way to the host")
		}
		for i, text := range service.Ports {
			at := itemPath(path+".ports", i)
			port, err := ParsePort(text)
			if err != nil {
				c.add(at, "%s", err)
				continue
			}
			if earlier, ok := taken.conflict(port); ok {
				c.add(at, "%s is taken by %s, %s", port, earlier.path, earlier.Port)
				continue
			}
			taken.add(publishedPort{Port: port, path: at})
		}
	})
}

// portTable finds conflicts without comparing each port with each.
type portTable map[portKey][]publishedPort

type portKey struct {
	hostPort int
	protocol string
}

func (p Port) key() portKey { return portKey{p.HostPort, p.Protocol} }

func (t portTable) conflict(p Port) (publishedPort, bool) {
	for _, earlier := range t[p.key()] {
		if p.Conflicts(earlier.Port) {
			return earlier, true
		}
	}
	return publishedPort{}, false
}

func (t portTable) add(p publishedPort) { t[p.key()] = append(t[p.key()], p) }
