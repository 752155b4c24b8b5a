package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hal-controller/pkg/api"
	"hal-controller/pkg/spec"
)

// editFile changes a manifest on disk, unless the result would have errors.
func editFile(path string, change func([]byte) ([]byte, error)) error {
	if err := spec.Writable(path); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	edited, err := change(data)
	if err != nil {
		return err
	}
	if bytes.Equal(edited, data) {
		return nil
	}
	if _, problems := spec.Load(path, edited); problems.Err() != nil {
		return problems.Errors()
	}
	return spec.WriteFile(path, edited)
}

// removeFrom takes a pool's document out of a file, and the file away when it
// was the only one.
func removeFrom(path, pool string) error {
	if err := spec.Writable(path); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	objects, problems := spec.Load(path, data)
	if problems.Err() == nil && len(objects) == 1 && objects[0].Pool != nil && objects[0].Pool.Metadata.Name == pool {
		return os.Remove(path)
	}
	rest, err := spec.RemoveDocument(data, pool)
	if err != nil {
		return err
	}
	return spec.WriteFile(path, rest)
}

// Apply puts the pools of a manifest into the source.
func (d *daemon) Apply(manifest []byte, dryRun bool) ([]api.Applied, error) {
	d.files.Lock()
	defer d.files.Unlock()
	objects, problems := spec.Load("applied manifest", manifest)
	if problems.Err() != nil {
		return nil, refused(problems.Errors())
	}
	var results []api.Applied
	for _, o := range objects {
		if o.Pool == nil {
			return nil, refused(fmt.Errorf("%s:%d: only pools can be applied", o.Source.File, o.Source.Line))
		}
		applied, err := d.applyPool(o.Pool.Metadata.Name, manifest, dryRun)
		if err != nil {
			return results, refused(err)
		}
		results = append(results, applied)
	}
	if !dryRun {
		d.reload()
		for i := range results {
			if entry, ok := d.store.Pool(results[i].Name); ok {
				results[i].Generation = entry.Generation
			}
		}
	}
	return results, nil
}

// applyPool writes one pool's document where the pool is, or where a new one
// belongs.
func (d *daemon) applyPool(name string, manifest []byte, dryRun bool) (api.Applied, error) {
	applied := api.Applied{Name: name, Result: "created"}
	document, err := spec.Document(manifest, name)
	if err != nil {
		return applied, err
	}
	entry, exists := d.store.Pool(name)
	if !exists {
		applied.File, err = d.newFile(name)
		if err != nil || dryRun {
			return applied, err
		}
		return applied, spec.WriteFile(applied.File, document)
	}
	applied.File, applied.Result, applied.Generation = entry.Source.File, "configured", entry.Generation
	// Paths in the manifest are relative to the file that it will be in.
	objects, problems := spec.Load(applied.File, document)
	if problems.Err() != nil {
		return applied, problems.Errors()
	}
	if spec.Equal(entry.Pool, objects[0].Pool) {
		applied.Result = "unchanged"
		return applied, nil
	}
	if dryRun {
		return applied, spec.Writable(applied.File)
	}
	return applied, editFile(applied.File, func(data []byte) ([]byte, error) {
		return spec.ReplaceDocument(data, name, document)
	})
}

// newFile is where a pool that is not declared yet goes: a file of its own in
// the directory of manifests.
func (d *daemon) newFile(pool string) (string, error) {
	info, err := os.Stat(d.path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("pool %q is not declared, and the source %s is one file: add it there, or run the controller on a directory", pool, d.path)
	}
	path := filepath.Join(d.path, pool+".yaml")
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("pool %q is not declared, but %s exists: add it there", pool, path)
	}
	return path, spec.Writable(d.path)
}
