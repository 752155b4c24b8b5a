package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"strings"

	"hal-controller/pkg/hal9000"
)

// passwd lists the users of this machine but for those of a directory service.
const passwd = "/etc/passwd"

var userHash = regexp.MustCompile(`^([0-9a-f]{8}|` + hal9000.NoHash + `)$`)

// importPeople are the people whose volumes can be told by the hash: the caller and,
// for root, who can give files to anyone, all of this machine; then those that are
// named, as HASH=NAME.
func importPeople(named []string) (map[string]hal9000.Person, error) {
	people := map[string]hal9000.Person{}
	names, err := importNames()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		// One that is not in the database owns nothing, whatever the file says.
		if person, err := personNamed(name); err == nil {
			people[hal9000.UserHash(name)] = person
		}
	}
	for _, pair := range named {
		hash, name, found := strings.Cut(pair, "=")
		if !found || !userHash.MatchString(hash) {
			return nil, usagef("--user %q: say it as HASH=NAME, with the eight digits that the volumes' names end with, or %s", pair, hal9000.NoHash)
		}
		person, err := personNamed(name)
		if err != nil {
			return nil, usagef("--user %q: %v", pair, err)
		}
		if os.Geteuid() != 0 && int(person.UID) != os.Geteuid() {
			return nil, usagef("--user %q: only root can give files to another person: run this as root", pair)
		}
		people[hash] = person
	}
	return people, nil
}

func importNames() ([]string, error) {
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("look up who you are: %w", err)
		}
		return []string{me.Username}, nil
	}
	file, err := os.Open(passwd)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var names []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), ":")
		names = append(names, name)
	}
	return names, lines.Err()
}

func personNamed(name string) (hal9000.Person, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return hal9000.Person{}, fmt.Errorf("there is no user %q here", name)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return hal9000.Person{}, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return hal9000.Person{}, err
	}
	return hal9000.Person{Name: name, UID: uint32(uid), GID: uint32(gid)}, nil
}
