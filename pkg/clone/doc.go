// Package clone gives a branch of a repository a directory of its own, that works
// inside a worker, where only that directory is: so that several agents work on one
// repository side by side.
//
// It is a clone and no worktree: a worktree's .git is a file that names a directory of
// the main repository by its absolute path, which is not in the worker. And it shares
// no objects with the repository: hard links are one file under two names, which an
// agent that owns it can write to, and alternates are paths outside again.
//
// What an agent has written is not to be trusted: git runs what a repository's
// configuration and hooks say. So once a clone has been given away, git is never run in
// it. Fetch has the main repository take the branch out of it, through upload-pack,
// which is made for repositories of others; and what Make needs to know of a clone that
// is there already it reads from two files.
package clone
