package workspace

import (
	"path"
)

// delete takes away what the worker deleted, unless it changed outside.
func (p *project) delete(e Entry) {
	if !p.reachable(e.Path) {
		return // with a directory on the way gone, or a link now, it is not there
	}
	here, err := p.here(e.Path)
	switch {
	case absent(err):
		return
	case err != nil:
		p.keep(e.Path, "the worker deleted it: "+reason(err).Error())
		return
	case held(e):
		p.keep(e.Path, "the worker deleted it, but git obeys it outside")
		return
	case !p.untouched(here):
		p.keep(e.Path, "the worker deleted it, but it changed outside")
		return
	}
	if err := p.root.Remove(string(e.Path)); err == nil {
		p.report.Deleted = append(p.report.Deleted, e.Path)
	} else if here.Kind != KindDir { // a directory stays if there is something else in it
		p.keep(e.Path, "the worker deleted it: "+reason(err).Error())
	}
}

// reachable says whether all directories on the way to a path are directories.
func (p *project) reachable(to Name) bool {
	for dir := path.Dir(string(to)); dir != "."; dir = path.Dir(dir) {
		if here, err := p.here(Name(dir)); err != nil || here.Kind != KindDir {
			return false
		}
	}
	return true
}

// chmod brings back the permissions of what has the same content.
func (p *project) chmod(e Entry) {
	here, err := p.here(e.Path)
	if !p.reachable(e.Path) || absent(err) {
		p.keep(e.Path, "the worker gave it other permissions, but it was deleted outside")
		return
	}
	if err != nil || here.Kind != e.Kind {
		p.keep(e.Path, "the worker gave it other permissions, but it changed outside")
		return
	}
	p.permit(e, here, p.given[e.Path])
}

// permit gives what is here the worker's permissions, if only the worker changed them.
func (p *project) permit(e, here, given Entry) {
	unchanged := e.Kind == KindLink || given.Kind != 0 && given.Mode == e.Mode
	if e.Kind == KindDir {
		e.Mode |= ownerMode
	}
	switch {
	case unchanged || here.Mode == e.Mode:
	case held(e) && e.Mode&^here.Mode != 0:
		p.keep(e.Path, "the worker gave it other permissions, but git would obey it outside")
	case given.Kind != 0 && here.Mode != given.Mode:
		p.keep(e.Path, "its permissions changed on both sides")
	default:
		if err := p.root.Chmod(string(e.Path), e.Mode); err != nil {
			p.keep(e.Path, "its permissions cannot be set: "+reason(err).Error())
			return
		}
		p.report.Modified = append(p.report.Modified, e.Path)
	}
}
