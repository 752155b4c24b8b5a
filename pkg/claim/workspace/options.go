package workspace

// Defaults of Options.
const (
	DefaultMaxBytes   = 16 << 30
	DefaultMaxEntries = 1 << 20
)

// Options of copying.
type Options struct {
	// Claim names the copies of what changed on both sides.
	Claim string
	// UID and GID are the worker's user, to whom everything sent belongs.
	UID, GID int
	// MaxBytes is the most that is brought back, in bytes; 0: DefaultMaxBytes.
	MaxBytes int64
	// MaxEntries is how many paths a workspace may have, on either side; 0:
	// DefaultMaxEntries. A path takes some 300 bytes of memory.
	MaxEntries int
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes == 0 {
		return DefaultMaxBytes
	}
	return o.MaxBytes
}

func (o Options) maxEntries() int {
	if o.MaxEntries == 0 {
		return DefaultMaxEntries
	}
	return o.MaxEntries
}
