package spec

import "path/filepath"

// resolvePool makes the paths in p absolute. Those that are relative start at
// dir as it is written: a link that is swapped for another release, as git-sync
// does, must not change what the pool says.
func resolvePool(p *Pool, dir string) {
	if p.Spec.Parent != nil {
		resolveSecurity(&p.Spec.Parent.Security, dir)
	}
	for i := range p.Spec.Services {
		resolveSecurity(&p.Spec.Services[i].Security, dir)
	}
	t := &p.Spec.Workers.Template
	resolveSecurity(&t.Security, dir)
	for i := range t.Secrets {
		t.Secrets[i].File = resolve(dir, t.Secrets[i].File)
	}
}

func resolveSecurity(s *Security, dir string) {
	if s.Seccomp != SeccompDefault && s.Seccomp != seccompUnconfined {
		s.Seccomp = resolve(dir, s.Seccomp)
	}
}

// resolve leaves what is empty or absolute as it is. Where the working directory
// is gone there is nothing to resolve against, and the path stays relative, which
// Validate refuses.
func resolve(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return path
	}
	return filepath.Join(base, path)
}
