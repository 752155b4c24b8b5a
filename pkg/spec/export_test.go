package spec

// Pausing sets what happens before what seems deleted is looked at again.
func (s *Store) Pausing(pause func()) *Store {
	s.pause = pause
	return s
}
