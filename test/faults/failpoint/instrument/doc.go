// Package instrument makes a copy of chosen source files with a point of package
// failpoint before and after each chosen function, for the -overlay of go build.
//
// What is chosen follows from the source (Methods of a type that can fail, Writers of
// files), so that a call that is new has its points without anybody's doing, and the
// source itself has none. In the same files time.Now, Since and Until become the
// package's own.
package instrument
