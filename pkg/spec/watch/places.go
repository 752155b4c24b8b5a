package watch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks is how many links the kernel follows in one path.
const maxLinks = 40

// places are the directories in which something happens when what is read at
// path changes, sorted: the directory itself or that of the file, and for every
// symbolic link on the way, and of every link among the files of the directory,
// the one that the link is in. Where the way ends early it is the last directory
// that exists, in which the rest will appear. No two of them are the same
// directory.
func places(path string) []string {
	found := map[string]bool{}
	end, info := follow(path, found)
	if info == nil || !info.IsDir() {
		return sorted(found)
	}
	entries, err := os.ReadDir(end)
	if err != nil {
		return sorted(found)
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 {
			addTarget(filepath.Join(end, e.Name()), found)
		}
	}
	return sorted(found)
}

// addTarget adds what a link to a file depends on. Of a link to a directory only
// the link matters, since directories are not entered.
func addTarget(link string, found map[string]bool) {
	if info, err := os.Stat(link); err == nil && info.IsDir() {
		return
	}
	follow(link, found)
}

// follow goes along path and adds the directories that it depends on. It returns
// the place where the way ends, free of links, and what is there: nil where
// something is missing.
func follow(path string, found map[string]bool) (string, os.FileInfo) {
	at, rest, links := "/", split(path), 0
	for len(rest) > 0 {
		next := filepath.Join(at, rest[0]) // ".." is right: there are no links in at
		rest = rest[1:]
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			found[directory(at)] = true
			return at, nil
		case info.Mode()&os.ModeSymlink == 0:
			at = next
			continue
		}
		found[at] = true
		target, err := os.Readlink(next)
		if links++; err != nil || links > maxLinks {
			return at, nil
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(split(target), rest...)
	}
	found[directory(at)] = true
	info, err := os.Lstat(at)
	if err != nil {
		return at, nil
	}
	return at, info
}

// directory is path, or the directory of the file there.
func directory(path string) string {
	if info, err := os.Lstat(path); err == nil && !info.IsDir() {
		return filepath.Dir(path)
	}
	return path
}

func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

func sorted(set map[string]bool) []string {
	var list []string
	for name := range set {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
