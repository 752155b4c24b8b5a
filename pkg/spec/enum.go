package spec

// Enum lists the words that a type of string allows. The decoder, the JSON
// Schema and `explain` all read it from here.
type Enum interface{ Words() []string }

// Words implements Enum.
func (NetworkMode) Words() []string { return []string{"shared", "bridge"} }

// Words implements Enum.
func (VolumeScope) Words() []string { return []string{"pool", "user"} }

// Words implements Enum.
func (OnEmpty) Words() []string { return []string{"cold", "queue", "fail"} }

// Words implements Enum.
func (WorkspaceMode) Words() []string { return []string{"auto", "bind", "copy", "none"} }

// Words implements Enum.
func (OnFailure) Words() []string { return []string{"pause", "rollback", "continue"} }

// Words implements Enum.
func (Reclaim) Words() []string { return []string{"Retain", "Delete"} }
