package main

import "github.com/spf13/cobra"

// commands are all there are, in the order of the help.
var commands = []func(*app) *cobra.Command{
	newRun, newConverge, newImages, newImport,
	newClaude, newSquad, newLogin, newClaim, newRelease, newExtend, newExec, newAttach, newSend, newCp,
	newGet, newDescribe, newEvents, newLogs, newWhy, newWait,
	newValidate, newDiff, newApply, newDelete, newScale, newSuspend, newResume, newRollout, newReconcile,
	newExplain, newSchema, newCompletion, newDoctor, newVersion,
	newPause,
}
