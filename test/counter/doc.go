// Command counter is the parent of the pools that the tests declare: an HTTP
// server that tells whether it is ready and counts its visitors. The count is
// kept in a file, so that a volume's survival of restarts and upgrades shows.
//
// It runs as any user that may write its data directory, logs to stdout, and
// ends within three seconds of SIGTERM or SIGINT.
package main
