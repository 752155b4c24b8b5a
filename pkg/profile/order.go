package profile

import "fmt"

// Order puts profiles behind those of them that they build on, and leaves them in
// their order otherwise. What is wrong with a Dockerfile is for Build to say; the
// error is of profiles that build on each other.
func Order(profiles []Profile) ([]Profile, error) {
	o := ordering{byImage: map[string]Profile{}, state: map[string]visit{}}
	for _, p := range profiles {
		o.byImage[p.Image()] = p
	}
	for _, p := range profiles {
		if err := o.add(p); err != nil {
			return nil, err
		}
	}
	return o.ordered, nil
}

// visit is how far an ordering is with a profile.
type visit int

const (
	entered visit = iota + 1
	left
)

type ordering struct {
	byImage map[string]Profile
	state   map[string]visit // by name
	ordered []Profile
}

func (o *ordering) add(p Profile) error {
	switch o.state[p.Name] {
	case left:
		return nil
	case entered:
		return fmt.Errorf("%s: it builds on itself, by way of its FROM line's image: build on %s", p.dockerfile(), worker)
	}
	o.state[p.Name] = entered
	if on, known := o.byImage[p.base()]; known {
		if err := o.add(on); err != nil {
			return err
		}
	}
	o.state[p.Name] = left
	o.ordered = append(o.ordered, p)
	return nil
}

// base is the name, without tag, of the image that a profile builds on, and
// empty where that cannot be read.
func (p Profile) base() string {
	c, err := open(p)
	if err != nil {
		return ""
	}
	defer c.close()
	return nameOf(c.dockerfile.base.image)
}
