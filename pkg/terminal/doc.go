// Package terminal is a person's end of a session: the terminal made raw and given
// back, its size, the signals to pass on, and the keys to detach with.
package terminal
