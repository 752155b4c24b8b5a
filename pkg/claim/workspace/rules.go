package workspace

import (
	"path"
	"strings"
)

const (
	gitDir     = ".git"
	gitIgnore  = ".gitignore"
	halIgnore  = ".halignore"
	gitExclude = ".git/info/exclude"

	// maxRules is the most that a file of rules may have, in bytes.
	maxRules = 1 << 20
	// maxPatterns is how many patterns all files together may have. What comes
	// after is not obeyed: more is brought back, not less.
	maxPatterns = 5000
)

// Rules say what of a tree is not copied: its .gitignore files, its
// .git/info/exclude and, before these, its .halignore files.
type Rules struct {
	byDir  map[string]map[string][]pattern // name of the file → directory it is in → patterns
	count  int
	capped bool
}

// isRules says whether a path is of a file of rules.
func isRules(p Name) bool {
	base := path.Base(string(p))
	return base == gitIgnore || base == halIgnore || p == gitExclude
}

// Add adds the text of a file of rules.
func (r *Rules) Add(file Name, text string) {
	patterns := parsePatterns(text)
	if left := maxPatterns - r.count; len(patterns) > left {
		patterns, r.capped = patterns[:left], true
	}
	r.count += len(patterns)
	name, dir := path.Base(string(file)), path.Dir(string(file))
	if file == gitExclude {
		name, dir = gitExclude, "."
	}
	if r.byDir == nil {
		r.byDir = map[string]map[string][]pattern{}
	}
	if r.byDir[name] == nil {
		r.byDir[name] = map[string][]pattern{}
	}
	r.byDir[name][dir] = patterns
}

// hiding is who ignores a path.
type hiding int

const (
	shown hiding = iota
	byGit
	byHal
)

// hides says who ignores a path, if its directory is not ignored already.
func (r *Rules) hides(p string, dir bool) hiding {
	if ignored, found := r.last(halIgnore, p, dir); ignored {
		return byHal
	} else if found || path.Base(p) == gitDir {
		return shown
	}
	ignored, found := r.last(gitIgnore, p, dir)
	if !found {
		ignored, _ = r.match(gitExclude, ".", p, dir)
	}
	if ignored {
		return byGit
	}
	return shown
}

// last asks the files of a name from the directory of the path upwards: the
// nearest one that has a matching pattern decides.
func (r *Rules) last(name, p string, isDir bool) (ignored, found bool) {
	if len(r.byDir[name]) == 0 {
		return false, false
	}
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if ignored, found = r.match(name, dir, p, isDir); found || dir == "." {
			return ignored, found
		}
	}
}

// match asks one file, whose last matching pattern decides.
func (r *Rules) match(name, dir, p string, isDir bool) (ignored, found bool) {
	patterns := r.byDir[name][dir]
	if dir != "." {
		p = strings.TrimPrefix(p, dir+"/")
	}
	for i := len(patterns) - 1; i >= 0; i-- {
		if patterns[i].matches(p, isDir) {
			return !patterns[i].negated, true
		}
	}
	return false, false
}

// sieve asks the rules about a whole tree, a directory always before what is in it.
type sieve struct {
	rules  *Rules
	hidden map[string]hiding // the directories that are ignored
}

func newSieve(rules *Rules) *sieve { return &sieve{rules: rules, hidden: map[string]hiding{}} }

func (s *sieve) hides(p Name, dir bool) hiding {
	parent := path.Dir(string(p))
	by := s.hidden[parent]
	if by == shown && !inGit(parent) { // what git keeps is no work tree: "logs/" is not about it
		by = s.rules.hides(string(p), dir)
	}
	if dir && by != shown {
		s.hidden[string(p)] = by
	}
	return by
}

// inGit says whether a directory is that of git, or below one.
func inGit(dir string) bool {
	return dir == gitDir || strings.HasPrefix(dir, gitDir+"/") ||
		strings.HasSuffix(dir, "/"+gitDir) || strings.Contains(dir, "/"+gitDir+"/")
}
