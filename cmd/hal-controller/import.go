package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hal-controller/pkg/hal9000"
	"hal-controller/pkg/spec"
)

const importHAL9000Long = `Bring over what HAL-9000 keeps on this engine: copy its volumes (hal9000-*) into
those of a new pool, and write the pool's manifest.

HAL-9000's volumes are only read, and stay as they are. A volume of the pool that
has anything in it is left alone too, so that the command can be repeated: after
an interruption it goes on with what is missing.

What is a person's own (Claude Code's directory, a memory bank) goes to that
person's volumes with the scope user, which the controller keeps in its state
directory: run this as the controller's user, with its --instance and --state-dir.
Whose a volume is, its name tells by a hash of the user name. Known are yours and,
to root, those of /etc/passwd.`

type importOptions struct {
	output string
	pool   string
	owners []string // HASH=NAME
	share  bool
	force  bool
	dryRun bool
}

func newImport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "import hal-9000", Short: "Bring over what another system keeps",
		GroupID: groupControl, Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newImportHAL9000(a))
	return c
}

func newImportHAL9000(a *app) *cobra.Command {
	o := importOptions{output: "pool.yaml", pool: "dev"}
	c := &cobra.Command{
		Use: "hal-9000", Short: "Copy HAL-9000's volumes, and write a pool that has the copies", Long: importHAL9000Long,
		Args:    noArguments,
		Example: "  hal-controller import hal-9000 --dry-run\n  hal-controller import hal-9000 -o pool.yaml --pool dev\n  hal-controller import hal-9000 --user 2bd806c9=alice",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.importHAL9000(c.Context(), o)
		},
	}
	c.Flags().StringVarP(&o.output, "output", "o", o.output, "file to write the manifest to; - is standard output")
	c.Flags().StringVar(&o.pool, "pool", o.pool, "name of the pool")
	c.Flags().StringArrayVar(&o.owners, "user", nil, "whose the volumes of a hash are, as `HASH=NAME`; may be repeated, and HASH may be none for volumes without one")
	c.Flags().BoolVar(&o.share, "share-memory-banks", false, "copy each person's memory bank into the pool's, for all its people to read, and not into a volume of their own")
	c.Flags().BoolVar(&o.force, "force", false, "write the manifest over another that the file has; it never concerns data")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "copy nothing: print the manifest to standard output, and say what would be copied")
	_ = c.MarkFlagFilename("output", "yaml", "yml")
	return c
}

func (a *app) importHAL9000(ctx context.Context, o importOptions) error {
	if problem := spec.CheckName(o.pool); problem != "" {
		return usagef("--pool %q: %s", o.pool, problem)
	}
	people, err := importPeople(o.owners)
	if err != nil {
		return err
	}
	endpoint, err := a.endpoint()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(endpoint.Host, "unix://") {
		return usagef("engine at %s: import copies into directories of the engine's machine: run it there", endpoint)
	}
	engine, err := a.engine(ctx)
	if err != nil {
		return err
	}
	defer closeEngine(engine)
	volumes, err := engine.VolumesNamed(ctx, hal9000.Prefix)
	if err != nil {
		return fmt.Errorf("list the engine's volumes: %w", err)
	}
	if len(volumes) == 0 {
		return fmt.Errorf("this engine has no volumes %s*: there is nothing to import", hal9000.Prefix)
	}
	plan := hal9000.MakePlan(hal9000.Request{Volumes: namesOf(volumes), People: people, ShareMemoryBanks: o.share})
	manifest, err := plan.Manifest(o.pool)
	if err != nil {
		return err
	}
	if o.dryRun {
		a.tellPlan(plan)
		_, err := a.out.Write(manifest)
		return err
	}
	if err := errors.Join(o.overwrites(manifest), inUse(plan, volumes)); err != nil {
		return err
	}
	if err := a.carryOver(ctx, engine, plan, manifest); err != nil {
		return err
	}
	a.tellLeft(plan)
	return a.writeImported(o.output, manifest)
}

// overwrites refuses to write over a file with something else in it, unless that
// is asked for.
func (o importOptions) overwrites(manifest []byte) error {
	if o.output == "-" || o.force {
		return nil
	}
	there, err := os.ReadFile(o.output)
	if errors.Is(err, fs.ErrNotExist) || err == nil && string(there) == string(manifest) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s is there and has something else in it: write elsewhere with -o, or over it with --force", o.output)
}

func (a *app) writeImported(output string, manifest []byte) error {
	if output == "-" {
		_, err := a.out.Write(manifest)
		return err
	}
	if err := spec.WriteFile(output, manifest); err != nil {
		return err
	}
	fmt.Fprintln(a.out, output)
	fmt.Fprintf(a.errOut, "next: hal-controller run -f %s\n", output)
	return nil
}

func (a *app) tellPlan(p hal9000.Plan) {
	for _, c := range p.Copies {
		fmt.Fprintf(a.errOut, "%s: would be copied\n", copyName(c))
	}
	a.tellLeft(p)
}

func (a *app) tellLeft(p hal9000.Plan) {
	for _, left := range p.Left {
		fmt.Fprintf(a.errOut, "%s: not copied: it %s\n", left.Volume, left.Reason)
	}
}

// copyName is a copy in one line, as "hal9000-chromadb -> chromadb".
func copyName(c hal9000.Copy) string {
	return strings.Join(c.From, ", ") + " -> " + c.To.String()
}
