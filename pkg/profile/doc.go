// Package profile makes worker images out of profiles: directories with a
// Dockerfile that begins FROM hal/worker and adds a language or a tool.
//
// Find lists the profiles of some directories. Builder makes one into the image
// hal/worker-NAME, and only if that is missing or its inputs have changed: the
// context after .dockerignore, and the images of its FROM lines. The hash of both
// is a label of the image, so that nothing else has to be remembered.
//
// Everything is checked before the engine is asked for anything (dockerfile.go,
// context.go), and what was built once more before it gets its name: whatever
// goes wrong, the name stays with the image that had it.
package profile
