// Package images holds scenarios of the images themselves on a real engine, by
// way of the docker command: what they hold, and that it works as in a pool.
//
// They are behind the build tag e2e and need the images of `make images`. Each
// spec removes the containers that it made.
package images
