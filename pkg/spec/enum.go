package spec

// Enum lists the words that a type of string allows. The decoder, the JSON
// Schema and `explain` all read it from here.
type Enum interface{ Words() []string }

// Patterned describes the syntax of a type that a manifest writes as a string of
// its own form. The JSON Schema and `explain` read it from here.
type Patterned interface {
	// Pattern is a regular expression that every valid string matches.
	Pattern() string
	// Form names what is written, as "memory quantity".
	Form() string
}

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

// Pattern implements Patterned.
func (CPU) Pattern() string { return cpuPattern.String() }

// Form implements Patterned.
func (CPU) Form() string { return "CPU quantity" }

// Pattern implements Patterned.
func (Memory) Pattern() string { return memoryPattern.String() }

// Form implements Patterned.
func (Memory) Form() string { return "memory quantity" }

// Pattern implements Patterned.
func (Duration) Pattern() string { return durationPattern.String() }

// Form implements Patterned.
func (Duration) Form() string { return "duration" }

// Pattern implements Patterned.
func (IntOrPercent) Pattern() string { return intOrPercentPattern.String() }

// Form implements Patterned.
func (IntOrPercent) Form() string { return "count or percentage" }
