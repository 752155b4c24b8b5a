// Package rescue saves what would be lost with a worker, before it is removed.
//
// [Rescue] writes into a directory of its own, which appears whole or not at all:
//
//	container.log        the last lines that the worker wrote
//	workspace.tar        of a copied workspace, what could not be brought back
//	transcripts.tar      Claude's transcripts
//	tree-01-NAME.*       of each git tree: .diff, of the work that is in no commit;
//	                     .untracked.tar, the files that git does not know;
//	                     .stashes.diff; .bundle, the commits of no remote;
//	                     or .tar, all of the tree, where git cannot say
//	README.txt           what is what, what is missing, how to get it back
//
// What outlives the worker (what is bound into it, what was brought back) is not
// looked at. A worker that does not answer is read through the engine instead.
//
// An error means that the worker must not be removed. What is left out by a limit,
// or cannot be told by a worker without git, is no error but in [Report].Missing.
package rescue
