package profile

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
)

// dockerfile is what a Dockerfile says about images.
type dockerfile struct {
	// base is what the last stage descends from.
	base from
	// images are all that the build needs of the engine, base among them.
	images []from
	// steps is how many instructions it has.
	steps int
}

// from is an image that a line names.
type from struct {
	line  int
	image string
}

// stage is what goes from one FROM to the next.
type stage struct {
	from
	name     string // small letters; empty for none
	user     string // of the last USER, empty for none
	userLine int
	copied   []from // images that it copies from
}

// readDockerfile reads a Dockerfile and checks what makes it a profile's. Errors
// begin with path and line.
func readDockerfile(path, text string) (dockerfile, error) {
	stages, err := stagesOf(path, text)
	if err != nil {
		return dockerfile{}, err
	}
	line := lineage(stages)
	root := line[len(line)-1]
	if !isWorker(root.image) {
		return dockerfile{}, fmt.Errorf("%s:%d: FROM %s: a profile builds on %s or %s*, for the layers, the user and the tools that workers share",
			path, root.line, root.image, worker, prefix)
	}
	if i := slices.IndexFunc(line, func(s stage) bool { return s.user != "" }); i >= 0 && isRoot(line[i].user) {
		return dockerfile{}, fmt.Errorf("%s:%d: USER %s: a worker does not run as root; end the Dockerfile with USER claude",
			path, line[i].userLine, line[i].user)
	}
	return dockerfile{base: root.from, images: external(stages), steps: len(instructionsOf(text))}, nil
}

// stagesOf are the stages of a Dockerfile, at least one.
func stagesOf(path, text string) ([]stage, error) {
	var stages []stage
	args := map[string]string{} // those before the first FROM, for use in FROM lines
	for _, i := range instructionsOf(text) {
		last := len(stages) - 1
		switch {
		case i.word == "FROM":
			s, err := stageOf(i, args)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i.line, err)
			}
			stages = append(stages, s)
		case i.word == "ARG" && last < 0:
			for _, declared := range strings.Fields(i.rest) {
				name, value, _ := strings.Cut(declared, "=")
				args[name] = expand(strings.Trim(value, `"'`), args)
			}
		case last < 0:
			return nil, fmt.Errorf("%s:%d: %s before the first FROM", path, i.line, i.word)
		case i.word == "USER":
			stages[last].user, stages[last].userLine = strings.Trim(i.rest, `"'`), i.line
		case i.word == "COPY":
			if image, given := flagOf(i.rest, "--from="); given {
				stages[last].copied = append(stages[last].copied, from{i.line, image})
			}
		}
	}
	if len(stages) == 0 {
		return nil, fmt.Errorf("%s: it has no FROM line: begin with FROM %s", path, worker)
	}
	return stages, nil
}

// stageOf reads "FROM [--flag…] IMAGE [AS NAME]".
func stageOf(i instruction, args map[string]string) (stage, error) {
	words := strings.Fields(i.rest)
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		words = words[1:]
	}
	if len(words) == 0 {
		return stage{}, fmt.Errorf("FROM names no image: begin with FROM %s", worker)
	}
	s := stage{from: from{i.line, expand(words[0], args)}}
	if s.image == "" {
		return stage{}, fmt.Errorf("FROM %s is empty: give the ARG a default", words[0])
	}
	if len(words) == 3 && strings.EqualFold(words[1], "AS") {
		s.name = strings.ToLower(words[2])
	}
	return s, nil
}

// flagOf is the value of an instruction's flag.
func flagOf(rest, flag string) (string, bool) {
	for _, word := range strings.Fields(rest) {
		if !strings.HasPrefix(word, "--") {
			break
		}
		if value, found := strings.CutPrefix(word, flag); found {
			return value, true
		}
	}
	return "", false
}

// expand replaces $NAME, ${NAME}, ${NAME:-otherwise} and ${NAME:+instead}.
func expand(text string, args map[string]string) string {
	return os.Expand(text, func(name string) string {
		name, otherwise, _ := strings.Cut(name, ":-")
		name, instead, conditional := strings.Cut(name, ":+")
		switch value := args[name]; {
		case conditional && value != "":
			return instead
		case value == "":
			return otherwise
		default:
			return value
		}
	})
}

// lineage is the last stage, the one that it is from, and so on.
func lineage(stages []stage) []stage {
	last := len(stages) - 1
	line := []stage{stages[last]}
	for last = indexOf(stages[:last], stages[last].image); last >= 0; last = indexOf(stages[:last], stages[last].image) {
		line = append(line, stages[last])
	}
	return line
}

// indexOf finds the stage of a name among earlier stages, the latest first.
func indexOf(earlier []stage, name string) int {
	for i := len(earlier) - 1; i >= 0; i-- {
		if earlier[i].name == strings.ToLower(name) {
			return i
		}
	}
	return -1
}

// external are the images that no stage makes, each once.
func external(stages []stage) []from {
	var images []from
	add := func(f from) {
		if f.image != "scratch" && !slices.ContainsFunc(images, func(known from) bool { return known.image == f.image }) {
			images = append(images, f)
		}
	}
	for n, s := range stages {
		if indexOf(stages[:n], s.image) < 0 {
			add(s.from)
		}
		for _, f := range s.copied {
			_, err := strconv.Atoi(f.image) // stages go by their number, too
			if err != nil && indexOf(stages[:n], f.image) < 0 {
				add(f)
			}
		}
	}
	return images
}

// isWorker says whether an image is one that a profile may build on.
func isWorker(image string) bool {
	name := nameOf(image)
	return name == worker || strings.HasPrefix(name, prefix)
}

// nameOf is a reference without tag and digest, "" for what is none.
func nameOf(image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return ""
	}
	return reference.FamiliarName(named)
}

// isRoot says whether a user, as USER has it, is root; one that only the build
// knows is not.
func isRoot(user string) bool {
	name, _, _ := strings.Cut(user, ":")
	id, err := strconv.Atoi(name)
	return name == "" || name == "root" || err == nil && id == 0
}
