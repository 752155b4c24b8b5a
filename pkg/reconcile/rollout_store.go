package reconcile

import (
	"sync"
)

// RolloutStore keeps rollout records over restarts.
type RolloutStore interface {
	// Load returns the record of a pool; the zero Rollout when there is none.
	Load(pool string) (Rollout, error)
	// Save keeps a record; the zero Rollout drops it.
	Save(pool string, r Rollout) error
}

// MemoryRollouts keeps rollout records as long as the process runs. The zero
// value is ready to use.
type MemoryRollouts struct {
	mu      sync.Mutex
	records map[string]Rollout
}

// Load returns the record of a pool.
func (m *MemoryRollouts) Load(pool string) (Rollout, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[pool], nil
}

// Save keeps a record.
func (m *MemoryRollouts) Save(pool string, r Rollout) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string]Rollout{}
	}
	m.records[pool] = r
	return nil
}
