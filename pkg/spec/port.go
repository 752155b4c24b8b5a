package spec

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Port is a published port.
type Port struct {
	// HostIP the engine listens on; the unspecified address is every interface.
	HostIP netip.Addr
	// HostPort on the engine's host.
	HostPort int
	// ContainerPort that it leads to.
	ContainerPort int
	// Protocol is tcp, udp or sctp.
	Protocol string
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// An IPv6 address stands in brackets.
var portPattern = regexp.MustCompile(`^(?:(\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?([0-9]{1,5}):([0-9]{1,5})(?:/(tcp|udp|sctp))?$`)

// ParsePort reads "[hostIP:]hostPort:containerPort[/protocol]". Without a host IP
// it is 127.0.0.1, without a protocol tcp.
func ParsePort(s string) (Port, error) {
	m := portPattern.FindStringSubmatch(s)
	if m == nil {
		return Port{}, fmt.Errorf("%.60q is no published port: write it as [hostIP:]hostPort:containerPort[/tcp|/udp]", s)
	}
	p := Port{HostIP: loopback, Protocol: "tcp"}
	if m[1] != "" {
		ip, err := netip.ParseAddr(strings.Trim(m[1], "[]"))
		if err != nil {
			return Port{}, fmt.Errorf("%.60q: %s is no IP address", s, m[1])
		}
		p.HostIP = ip
	}
	p.HostPort, _ = strconv.Atoi(m[2]) // at most five digits
	p.ContainerPort, _ = strconv.Atoi(m[3])
	for _, n := range []int{p.HostPort, p.ContainerPort} {
		if n < 1 || n > 65535 {
			return Port{}, fmt.Errorf("%.60q: port %d is not between 1 and 65535", s, n)
		}
	}
	if m[4] != "" {
		p.Protocol = m[4]
	}
	return p, nil
}

// String is the full form, hostIP:hostPort:containerPort/protocol.
func (p Port) String() string {
	host := p.HostIP.String()
	if p.HostIP.Is6() {
		host = "[" + host + "]"
	}
	return fmt.Sprintf("%s:%d:%d/%s", host, p.HostPort, p.ContainerPort, p.Protocol)
}

// Conflicts says whether one host cannot publish both.
func (p Port) Conflicts(other Port) bool {
	if p.HostPort != other.HostPort || p.Protocol != other.Protocol {
		return false
	}
	return p.HostIP == other.HostIP || p.HostIP.IsUnspecified() || other.HostIP.IsUnspecified()
}
