package claim

// Departure is a claim on its way out: first what only its worker has is saved, then
// the worker and the claim are removed.
type Departure struct {
	saved, done chan struct{}
	outcome     Record
}

func newDeparture() *Departure {
	return &Departure{saved: make(chan struct{}), done: make(chan struct{})}
}

// Saved is closed when all is saved, or cannot be.
func (d *Departure) Saved() <-chan struct{} { return d.saved }

// Done is closed when it is over: the claim and its worker are gone, or are held
// because what only the worker has could not be saved.
func (d *Departure) Done() <-chan struct{} { return d.done }

// Outcome waits until all is saved, and is the claim as it was then: Bound, with a
// warning, if it is held, and else with the directory of what was rescued.
func (d *Departure) Outcome() Record {
	<-d.saved
	return d.outcome
}

func (d *Departure) settle(r Record) {
	d.outcome = r
	close(d.saved)
}

func (d *Departure) end() { close(d.done) }
