// Package contract states, as specs, what package runtime promises of an
// engine. The same specs run over package fake and, on a real engine, over
// package docker: they are what makes tests on the fake worth something.
//
// Specs is called within a suite with a function that makes a Fixture. The
// containers that it runs are all of one image with one program, testdata/tool;
// the fake plays that program.
package contract
