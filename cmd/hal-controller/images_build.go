package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hal-controller/pkg/profile"
	"hal-controller/pkg/runtime"
)

const imagesBuildLong = `Make the images hal/worker-NAME of profiles: of all that are found, or of those
that are named. Each is made only if it is missing, or if its directory or an image
that it builds on has changed.

Profiles are the directories in images/profiles, where there is one, and in
$XDG_CONFIG_HOME/hal/profiles (default: ~/.config/hal/profiles); where both have
one of a name, yours is used. Nothing is pulled.

It ends with 0 when all images are as they should be, and with 1 when one could not
be made: the others are made all the same, and its name stays with the image that
it had.`

func newImagesBuild(a *app) *cobra.Command {
	var dirs []string
	c := &cobra.Command{
		Use: "build [NAME…]", Short: "Make images of profiles", Long: imagesBuildLong,
		Example: "  hal-controller images build\n  hal-controller images build python --profiles ./my-profiles",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			profiles, _ := profile.Find(profileDirs(dirs)) // what goes wrong belongs in no prompt
			unsaid := slices.DeleteFunc(profileNames(profiles), func(name string) bool { return slices.Contains(args, name) })
			return unsaid, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, names []string) error {
			dirs := profileDirs(dirs)
			profiles, err := chosenProfiles(dirs, names)
			if err != nil {
				return err
			}
			if len(profiles) == 0 {
				fmt.Fprintf(a.errOut, "no profiles found in %s\n", strings.Join(dirs, " or "))
				return nil
			}
			engine, err := a.engine(c.Context())
			if err != nil {
				return err
			}
			defer closeEngine(engine)
			return a.buildProfiles(c.Context(), engine, profiles)
		},
	}
	c.Flags().StringArrayVar(&dirs, "profiles", nil, "directory of profiles, in place of those above; can be repeated, and a later one wins")
	_ = c.MarkFlagDirname("profiles")
	return c
}

// profileDirs are the directories given, or else those that there are of the
// default ones.
func profileDirs(given []string) []string {
	if len(given) > 0 {
		return given
	}
	var dirs []string
	for _, dir := range []string{filepath.Join("images", "profiles"), filepath.Join(configHome(), "hal", "profiles")} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func configHome() string {
	if base := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(base) {
		return base
	}
	home, _ := os.UserHomeDir() // without one, there is no profile of the person's
	return filepath.Join(home, ".config")
}

// chosenProfiles are those of some names, all for none, in the order to build them.
func chosenProfiles(dirs, names []string) ([]profile.Profile, error) {
	for _, name := range names {
		if err := profile.CheckName(name); err != nil {
			return nil, &usageError{err}
		}
	}
	found, err := profile.Find(dirs)
	if err != nil {
		return nil, &usageError{err}
	}
	if len(names) == 0 {
		return profile.Order(found)
	}
	var missing []error
	for _, name := range names {
		if !slices.Contains(profileNames(found), name) {
			missing = append(missing, notFound("profile", name, profileNames(found)))
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	return profile.Order(slices.DeleteFunc(found, func(p profile.Profile) bool { return !slices.Contains(names, p.Name) }))
}

func profileNames(profiles []profile.Profile) []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	return names
}

// buildProfiles makes one image after the other. What fails is told where it
// fails, and once more at the end by name.
func (a *app) buildProfiles(ctx context.Context, store runtime.ImageStore, profiles []profile.Profile) error {
	var failed []string
	for _, p := range profiles {
		if p.Replaces != "" {
			a.step(p, fmt.Sprintf("made of %s, and not of %s", p.Dir(), p.Replaces))
		}
		var last lastLines
		outcome, err := a.builder(store, p, &last).Build(ctx, p)
		switch {
		case err == nil:
			fmt.Fprintf(a.out, "%s %s\n", p.Image(), outcome)
		case ctx.Err() != nil, errors.Is(err, runtime.ErrUnavailable): // nor will the others
			return err
		default:
			last.print(a.errOut)
			a.step(p, err.Error())
			failed = append(failed, p.Name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d images could not be made: %s", len(failed), len(profiles), strings.Join(failed, ", "))
	}
	return nil
}

// builder makes one image. What its commands say is kept for the case that it
// fails; -v shows it as it comes.
func (a *app) builder(store runtime.ImageStore, p profile.Profile, last *lastLines) profile.Builder {
	return profile.Builder{
		Store: store, Version: version,
		Step: func(n, of int, instruction string) {
			a.step(p, fmt.Sprintf("step %d/%d: %s", n, of, shortened(instruction)))
		},
		Output: func(line string) {
			if a.verbosity > 0 {
				fmt.Fprintf(a.errOut, "    %s\n", line)
				return
			}
			last.add(line)
		},
	}
}

// step tells of something on the way to an image, in one line.
func (a *app) step(p profile.Profile, text string) {
	fmt.Fprintf(a.errOut, "==> %s: %s\n", p.Image(), text)
}
