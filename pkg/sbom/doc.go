// Package sbom says what software is in an image: a bill of materials in the
// CycloneDX format, version 1.6.
//
// Scan reads the image's file system as a tar, once from its beginning to its
// end, and finds the packages of Debian (dpkg's status), of npm (package.json
// below node_modules and in /opt/NAME) and the Go modules of the programs in
// /usr/local/bin. Write makes the document of them. The same files give the same
// bytes: everything is sorted, there is no time in it, and its serial number is
// derived from the rest.
//
// The tar is nobody's friend: what is kept of it is bounded, whatever sizes and
// names it claims, and nothing of it is written anywhere but, for Go programs, to
// a temporary file without a name.
package sbom
