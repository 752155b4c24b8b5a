package faultproxy

// Fault is what goes wrong with a call; "" is nothing.
type Fault string

// Faults.
const (
	// Delay passes the call on after Options.Delay.
	Delay Fault = "delay"
	// InternalError, NotFound and Conflict are answered without the engine.
	InternalError Fault = "500"
	NotFound      Fault = "404"
	Conflict      Fault = "409"
	// Reset closes the connection; the engine has not been asked.
	Reset Fault = "connection reset"
	// Hang gives no answer; the engine has not been asked. It ends when the client
	// gives up, or after Options.Patience with a closed connection.
	Hang Fault = "hang"
	// HalfBody ends in the middle of the reply's body. A reply without one is lost.
	HalfBody Fault = "half a body"
	// ReplyLost has the call done, and closes the connection in place of the reply.
	ReplyLost Fault = "reply lost"
	// StreamCut ends a stream in the middle of its first message.
	StreamCut Fault = "stream cut"
	// StreamSilent opens a stream and passes nothing on, until the client gives up
	// or after Options.Patience.
	StreamSilent Fault = "stream silent"
)

// Faults are all faults there are.
func Faults() []Fault {
	return []Fault{Delay, InternalError, NotFound, Conflict, Reset, Hang, HalfBody, ReplyLost, StreamCut, StreamSilent}
}

// Fits says whether calls of a kind can have the fault.
func (f Fault) Fits(k Kind) bool {
	switch f {
	case StreamCut, StreamSilent:
		return k == Events || k == Exec
	case HalfBody:
		return k != Events && k != Exec && k != "HEAD /_ping"
	case ReplyLost:
		return k != Events
	default:
		return true
	}
}
