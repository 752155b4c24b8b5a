package profile

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = DescribeTable("A Dockerfile descends from, and needs,",
	func(text, base, images string) {
		d, err := readDockerfile("Dockerfile", text)
		Expect(err).NotTo(HaveOccurred())
		Expect(fmt.Sprintf("%d %s", d.base.line, d.base.image)).To(Equal(base))
		var names []string
		for _, f := range d.images {
			names = append(names, f.image)
		}
		Expect(strings.Join(names, " ")).To(Equal(images))
	},
	Entry("the worker", "FROM hal/worker\n", "1 hal/worker", "hal/worker"),
	Entry("the worker in small letters, with a tag", "from hal/worker:latest", "1 hal/worker:latest", "hal/worker:latest"),
	Entry("another profile", "FROM hal/worker-python AS last\n", "1 hal/worker-python", "hal/worker-python"),
	Entry("the worker of an argument", "ARG WORKER=hal/worker\nFROM $WORKER\n", "2 hal/worker", "hal/worker"),
	Entry("the worker of two quoted arguments", "ARG REPO=\"hal\" NAME='worker'\nFROM ${REPO}/${NAME}\n", "2 hal/worker", "hal/worker"),
	Entry("the worker of a default", "FROM ${WORKER:-hal/worker}\n", "1 hal/worker", "hal/worker"),
	Entry("the worker on a platform", "FROM --platform=linux/amd64 hal/worker\n", "1 hal/worker", "hal/worker"),
	Entry("the worker behind comments, blank lines and a mark",
		"\ufeff# syntax=x\n\n# FROM debian\n  FROM \\\n# in between\n\n  hal/worker \\\n  AS x\n", "4 hal/worker", "hal/worker"),
	Entry("the worker where another character continues lines", "# escape=`\nFROM `\nhal/worker\nRUN a \\\nUSER root\nUSER claude", "2 hal/worker", "hal/worker"),
	Entry("the worker, for the last of several stages",
		"FROM golang:1 AS build\nRUN make\nFROM scratch\nFROM hal/worker\nCOPY --from=build /x /x\nCOPY --chown=1:1 --from=busybox /y /y\nCOPY --from=0 /z /z\n",
		"4 hal/worker", "golang:1 hal/worker busybox"),
	Entry("the worker by way of stages", "FROM hal/worker AS One\nUSER root\nFROM one AS two\nUSER claude\nFROM two\n", "1 hal/worker", "hal/worker"),
	Entry("the worker of a stage that hides an image of its name", "FROM hal/worker AS debian\nFROM debian\n", "1 hal/worker", "hal/worker"),
	Entry("the worker, when what looks like FROM goes on a command", "FROM hal/worker\nRUN echo \\\nFROM debian\n", "1 hal/worker", "hal/worker"),
)

var _ = DescribeTable("A Dockerfile is refused, with the line, ",
	func(text, message string) {
		_, err := readDockerfile("p/Dockerfile", text)
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
	Entry("that builds on another image", "# x\nFROM debian\n", "p/Dockerfile:2: FROM debian: a profile builds on hal/worker or hal/worker-*"),
	Entry("that builds on an image of almost the name", "FROM hal/workers\n", "p/Dockerfile:1: FROM hal/workers"),
	Entry("that builds on a registry's image of the name", "FROM registry.test/hal/worker\n", "p/Dockerfile:1: FROM registry.test/hal/worker"),
	Entry("whose last stage builds on another image", "FROM hal/worker\nFROM debian\n", "p/Dockerfile:2: FROM debian"),
	Entry("whose last stage builds on nothing", "FROM hal/worker AS x\nFROM scratch\nCOPY --from=x / /\n", "p/Dockerfile:2: FROM scratch"),
	Entry("whose last stage is from another image by way of a stage", "FROM debian AS x\nFROM x\n", "p/Dockerfile:1: FROM debian"),
	Entry("whose stage takes its own name for an earlier stage's", "FROM debian AS debian\n", "p/Dockerfile:1: FROM debian"),
	Entry("whose image is no reference", "FROM HAL/worker\n", "p/Dockerfile:1: FROM HAL/worker"),
	Entry("whose image is an argument without a value", "ARG X\nFROM $X\n", "p/Dockerfile:2: FROM $X is empty: give the ARG a default"),
	Entry("that names no image", "FROM \n", "p/Dockerfile:1: FROM names no image"),
	Entry("that has no FROM", "# nothing\n", "p/Dockerfile: it has no FROM line"),
	Entry("that begins with something else", "RUN x\nFROM hal/worker\n", "p/Dockerfile:1: RUN before the first FROM"),
	Entry("that ends as root", "FROM hal/worker\nUSER root\nRUN x\n", "p/Dockerfile:2: USER root: a worker does not run as root; end the Dockerfile with USER claude"),
	Entry("that ends as root by number", "FROM hal/worker\nUSER 0:1001\n", "p/Dockerfile:2: USER 0:1001"),
	Entry("that ends as root by way of a stage", "FROM hal/worker AS a\nUSER \"root\"\nFROM a\n", "p/Dockerfile:2: USER root"),
)
