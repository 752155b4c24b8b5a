// Package bench measures the controller beside the bare engine: the same
// containers, through the same client, in one run, so that the ratios mean
// something on any machine. `make bench` prints the table of README's figures.
// Nothing here asserts a time.
package bench
