package spec

import "fmt"

// Source is where an object was written.
type Source struct {
	// File as it was given to the loader.
	File string
	// Line of the object's first key, from 1.
	Line int
}

func (s Source) String() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// Object is one document of a manifest: exactly one of Pool and Claim is set.
type Object struct {
	Source Source
	Pool   *Pool
	Claim  *Claim
}

// Kind is KindPool or KindClaim.
func (o Object) Kind() string {
	if o.Claim != nil {
		return KindClaim
	}
	return KindPool
}

// Name of the object.
func (o Object) Name() string {
	if o.Claim != nil {
		return o.Claim.Metadata.Name
	}
	return o.Pool.Metadata.Name
}

// document is an object with the places of its values and what is wrong with it.
// The object is nil where its kind is not known.
type document struct {
	object   *Object
	at       positions
	problems Problems
}

// collect gives all problems, and the objects without errors.
func collect(docs []document) ([]Object, Problems) {
	var objects []Object
	var problems Problems
	for _, d := range docs {
		problems = append(problems, d.problems.sorted()...)
		if d.object != nil && d.problems.Err() == nil {
			objects = append(objects, *d.object)
		}
	}
	return objects, problems
}
