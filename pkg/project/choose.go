package project

import (
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"hal-controller/pkg/spec"
)

// Wish is all that is known of which pool a project wants, the strongest first.
type Wish struct {
	// Pool that a person has named.
	Pool string
	// Said is what the project says itself.
	Said Settings
	// Signs are its build files.
	Signs []Sign
}

// Choice is a pool, and why it is this one.
type Choice struct {
	Pool spec.Pool
	Why  string
}

// workerImage is that of workers without a profile; a profile's is workerImage-NAME.
const workerImage = "hal/worker"

// usualPool is the one that is meant where several would do.
const usualPool = "dev"

// Choose finds the pool that fits. A pool or profile that was asked for must be there;
// that of build files need not, and then the pool is the only one, else the one whose
// workers have no profile, else the one named dev. Pools that are on their way out do
// not count. The error says what is missing, and which pools there are.
func Choose(pools []spec.Pool, w Wish) (Choice, error) {
	pools = slices.DeleteFunc(slices.Clone(pools), draining)
	switch {
	case w.Pool != "":
		return named(pools, w.Pool, "the one you named", "")
	case w.Said.Pool != "":
		return named(pools, w.Said.Pool, "as "+SettingsFile+" says", w.Said.File+": pool: ")
	case w.Said.Profile != "":
		return profiled(pools, w.Said.Profile, fmt.Sprintf("for %s says profile %s", SettingsFile, w.Said.Profile), w.Said.File+": profile: ")
	}
	var ambiguous error
	for _, sign := range w.Signs {
		choice, err := profiled(pools, sign.Profile, "for "+sign.File, "")
		if err == nil {
			return choice, nil
		}
		if ambiguous == nil && len(withImage(pools, profileImage(sign.Profile))) > 1 {
			ambiguous = err
		}
	}
	if ambiguous != nil {
		return Choice{}, ambiguous
	}
	return usual(pools)
}

func named(pools []spec.Pool, name, why, who string) (Choice, error) {
	for _, p := range pools {
		if p.Metadata.Name == name {
			return Choice{p, why}, nil
		}
	}
	near := ""
	if word, ok := spec.Nearest(name, names(pools)); ok {
		near = fmt.Sprintf(" (did you mean %q?)", word)
	}
	return Choice{}, fmt.Errorf("%sno pool %q%s%s", who, name, near, thereAre(pools))
}

// profiled is the pool whose workers have the image of a profile, else the one with
// its name.
func profiled(pools []spec.Pool, profile, why, who string) (Choice, error) {
	image := profileImage(profile)
	having := withImage(pools, image)
	if len(having) == 1 {
		return Choice{having[0], fmt.Sprintf("%s: its workers have %s", why, image)}, nil
	}
	if choice, err := named(pools, profile, why, ""); err == nil {
		return choice, nil
	}
	if len(having) > 1 {
		return Choice{}, fmt.Errorf("%sthe workers of several pools have %s: choose one of %s with --pool", who, image, strings.Join(names(having), ", "))
	}
	return Choice{}, fmt.Errorf("%sno pool has workers of %s, or is named %s%s", who, image, profile, thereAre(pools))
}

// usual is the pool for a project that asks for none.
func usual(pools []spec.Pool) (Choice, error) {
	if len(pools) == 1 {
		return Choice{pools[0], "the only one"}, nil
	}
	if plain := withImage(pools, workerImage); len(plain) == 1 {
		return Choice{plain[0], "its workers have " + workerImage}, nil
	}
	if choice, err := named(pools, usualPool, "the usual one of several", ""); err == nil {
		return choice, nil
	}
	return Choice{}, fmt.Errorf("nothing says which pool to take%s", thereAre(pools))
}

func withImage(pools []spec.Pool, image string) []spec.Pool {
	var having []spec.Pool
	for _, p := range pools {
		if repository(p.Spec.Workers.Template.Image) == image {
			having = append(having, p)
		}
	}
	return having
}

// repository is an image's name without tag and digest. What is no reference is not
// one of ours.
func repository(image string) string {
	ref, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return ""
	}
	return reference.FamiliarName(ref)
}

func profileImage(profile string) string { return workerImage + "-" + profile }

// draining says that a pool is being taken down, and has nothing to claim any more.
func draining(p spec.Pool) bool {
	return p.Status != nil && slices.ContainsFunc(p.Status.Conditions, func(c spec.Condition) bool {
		return c.Reason == spec.ReasonDraining
	})
}

func thereAre(pools []spec.Pool) string {
	if len(pools) == 0 {
		return "; there are no pools: 'hal apply -f pool.yaml' makes one"
	}
	return fmt.Sprintf("; choose one of %s with --pool", strings.Join(names(pools), ", "))
}

func names(pools []spec.Pool) []string {
	var all []string
	for _, p := range pools {
		all = append(all, p.Metadata.Name)
	}
	return all
}
