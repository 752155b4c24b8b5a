package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"hal-controller/pkg/runtime"
	"hal-controller/pkg/spec"
)

// imageRows are the images hal/* and those that pools use, by name.
func imageRows(images []runtime.Image, pools []spec.Pool) []row {
	byName := map[string]*runtime.Image{}
	users := map[string][]string{} // pools by image
	for i := range images {
		for _, name := range images[i].Names {
			byName[name] = &images[i]
			if isTag(name) && strings.HasPrefix(name, "hal/") {
				users[name] = nil
			}
		}
	}
	for _, p := range pools {
		for _, ref := range imagesUsedBy(p) {
			name := fullImage(ref)
			if byName[name] == nil {
				if i := imageOfID(images, ref); i != nil {
					name = nameOfImage(i)
					byName[name] = i
				}
			}
			users[name] = append(users[name], p.Metadata.Name)
		}
	}
	var rows []row
	for name, pools := range users {
		slices.Sort(pools)
		rows = append(rows, imageRow(shortImage(name), byName[name], slices.Compact(pools)))
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.name, b.name) })
	return rows
}

// imagesUsedBy are the images that a pool declares, and those that its containers
// are of.
func imagesUsedBy(p spec.Pool) []string {
	refs := []string{p.Spec.Workers.Template.Image}
	if p.Spec.Parent != nil {
		refs = append(refs, p.Spec.Parent.Image)
	}
	for _, s := range p.Spec.Services {
		refs = append(refs, s.Image)
	}
	for _, c := range containersOf(*orEmpty(p.Status)) {
		refs = append(refs, c.Image)
	}
	return slices.DeleteFunc(refs, func(ref string) bool { return ref == "" })
}

// hexID is an id as an engine shows it in the place of a name that moved on to
// another image.
var hexID = regexp.MustCompile(`^(sha256:)?[0-9a-f]{12,64}$`)

func imageOfID(images []runtime.Image, ref string) *runtime.Image {
	if !hexID.MatchString(ref) {
		return nil
	}
	id := "sha256:" + strings.TrimPrefix(ref, "sha256:")
	i := slices.IndexFunc(images, func(i runtime.Image) bool { return strings.HasPrefix(i.ID, id) })
	if i < 0 {
		return nil
	}
	return &images[i]
}

// nameOfImage is one of its names, or else its short id.
func nameOfImage(i *runtime.Image) string {
	if len(i.Names) > 0 {
		return slices.Min(i.Names)
	}
	return shortID(strings.TrimPrefix(i.ID, "sha256:"))
}

// fullImage is a reference as an engine lists it, with the tag that it means. What
// is none stays as it is.
func fullImage(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	return reference.FamiliarString(reference.TagNameOnly(named))
}

// shortImage is a name as a manifest has it: the tag latest goes without saying.
func shortImage(name string) string { return strings.TrimSuffix(name, ":latest") }
