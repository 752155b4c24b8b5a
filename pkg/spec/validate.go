package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FieldError is a value that a rule forbids.
type FieldError struct {
	// Path of the field, as spec.workers.max.
	Path    string
	Message string
}

func (e FieldError) Error() string { return e.Path + ": " + e.Message }

// Validate checks the rules of a defaulted pool, those between fields included,
// and returns every breach. A rule whose own inputs are broken stays silent.
func Validate(p *Pool) []FieldError {
	c := &checker{}
	c.metadata(p.Metadata)
	c.volumes(p.Spec.Volumes)
	c.network(p.Spec)
	c.services(p.Spec)
	c.workers(p.Spec)
	c.ports(p.Spec)
	return c.errs
}

// ValidateClaim checks the rules of a claim and returns every breach.
func ValidateClaim(claim *Claim) []FieldError {
	c := &checker{}
	c.metadata(claim.Metadata)
	c.dnsLabel("spec.pool", claim.Spec.Pool, maxPoolName)
	if claim.Spec.Project != "" {
		c.absolute("spec.project", claim.Spec.Project)
	}
	return c.errs
}

// checker collects errors.
type checker struct{ errs []FieldError }

func (c *checker) add(path, format string, args ...any) {
	switch {
	case len(c.errs) < maxErrors:
		c.errs = append(c.errs, FieldError{Path: path, Message: fmt.Sprintf(format, args...)})
	case len(c.errs) == maxErrors:
		c.errs = append(c.errs, FieldError{Path: path, Message: "and there are more errors; mend these first"})
	}
}

// hint is didYouMean, as long as somebody will read it: it takes its time.
func (c *checker) hint(word string, among []string) string {
	if len(c.errs) >= maxErrors {
		return ""
	}
	return didYouMean(word, among)
}

const (
	maxPoolName = 40
	maxDNSLabel = 63
)

var dnsLabelPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func (c *checker) metadata(m Metadata) {
	c.dnsLabel("metadata.name", m.Name, maxPoolName)
	c.labels("metadata.labels", m.Labels)
}

func (c *checker) dnsLabel(path, name string, maxLength int) bool {
	switch {
	case name == "":
		c.add(path, "must not be empty")
	case len(name) > maxLength:
		c.add(path, "%.50q is longer than %d characters", name, maxLength)
	case !dnsLabelPattern.MatchString(name):
		c.add(path, "%q: it must be lower-case letters, digits and hyphens, and begin and end with a letter or digit%s", name, asDNSLabel(name))
	default:
		return true
	}
	return false
}

var notInDNSLabel = regexp.MustCompile(`[^a-z0-9]+`)

func asDNSLabel(name string) string {
	label := strings.Trim(notInDNSLabel.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if label == "" {
		return ""
	}
	return ", as " + label
}

func (c *checker) volumes(volumes []Volume) {
	seen := map[string]string{}
	for i, v := range volumes {
		path := itemPath("spec.volumes", i)
		if c.dnsLabel(path+".name", v.Name, maxDNSLabel) {
			c.unique(seen, path+".name", "name", v.Name)
		}
		c.word(path+".reclaim", v.Reclaim, string(v.Reclaim))
	}
}

// unique reports a value that was seen before, and remembers where it was.
func (c *checker) unique(seen map[string]string, path, what, value string) {
	if first, taken := seen[value]; taken {
		c.add(path, "the %s %q is taken by %s", what, value, first)
		return
	}
	seen[value] = path
}

// word checks what did not come through the decoder, which checks it too.
func (c *checker) word(path string, enum Enum, value string) {
	if !slices.Contains(enum.Words(), value) {
		c.add(path, "%q is none of %s%s", value, strings.Join(enum.Words(), ", "), c.hint(value, enum.Words()))
	}
}

func (c *checker) network(s PoolSpec) {
	c.word("spec.network.mode", s.Network.Mode, string(s.Network.Mode))
	if s.Network.Internal && s.Network.Mode == NetworkShared {
		c.add("spec.network.internal", "needs mode bridge: in mode shared the pool has one network namespace, whose way out is the sandbox's")
	}
}

func (c *checker) services(s PoolSpec) {
	if s.Parent != nil {
		c.service("spec.parent", *s.Parent, s.Volumes)
	}
	seen := map[string]string{}
	for i, named := range s.Services {
		path := itemPath("spec.services", i)
		if c.dnsLabel(path+".name", named.Name, maxDNSLabel) {
			c.serviceName(path+".name", named.Name)
			c.unique(seen, path+".name", "name", named.Name)
		}
		c.service(path, named.Service, s.Volumes)
	}
}

// A service's container is named after it, beside those of the parent, the
// sandbox and the workers, which are numbered.
func (c *checker) serviceName(path, name string) {
	if name == "parent" || name == "sandbox" {
		c.add(path, "%q is taken by the pool's own %s", name, name)
	}
	if _, err := strconv.ParseUint(name, 10, 64); err == nil {
		c.add(path, "%q is a number, and numbers are the workers' names", name)
	}
}

// CheckSecretName says what is wrong with the name of a secret; "" for nothing.
func CheckSecretName(name string) (problem string) {
	if secretName.MatchString(name) {
		return ""
	}
	return fmt.Sprintf(secretNameRule, name)
}

// CheckName says what is wrong with the name of a pool or a claim; "" for nothing.
func CheckName(name string) (problem string) {
	c := &checker{}
	if c.dnsLabel("name", name, maxPoolName) {
		return ""
	}
	return c.errs[0].Message
}
