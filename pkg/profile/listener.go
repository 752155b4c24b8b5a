package profile

import (
	"regexp"
	"strconv"
)

// stepLine is how an engine announces a step: "Step 2/4 : RUN make".
var stepLine = regexp.MustCompile(`^Step (\d+)/\d+ : (.*)$`)

// aside are lines about the engine's own doings.
var aside = regexp.MustCompile(`^ ---> |^Removing intermediate container |^Successfully built |^\s*$`)

// listener tells steps and output apart. There are as many steps as instructions;
// those after are the engine's, for the labels, and nobody wants to know.
func (b Builder) listener(steps int) func(line string) {
	return func(line string) {
		announced := stepLine.FindStringSubmatch(line)
		if announced == nil {
			if !aside.MatchString(line) {
				b.Output(line)
			}
			return
		}
		if n, _ := strconv.Atoi(announced[1]); n <= steps { // digits, and few of them
			b.Step(n, steps, announced[2])
		}
	}
}
