package grpc

import "sync"

// A crowd is the calls with one message that are served, of one lane. Streams know by
// themselves when a shutdown ends.
type crowd struct {
	mu    sync.Mutex
	calls chain[served]
	ended bool
}

// A member is a call in a crowd.
type member = link[served]

type served struct {
	call statusWriter // nil where a call cannot be ended before its handler returns
	told bool         // that the server shuts down; guarded by the lock of the crowd
}

// enter has a call be told when a shutdown ends, and says whether it has not yet.
func (c *crowd) enter(m *member) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.push(m)
	return !c.ended
}

// leave is the end of a call, and says whether it has been told before.
func (c *crowd) leave(m *member) (told bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.drop(m)
	return m.is.told
}

// end tells all that are served, which cancels what they are served under.
func (c *crowd) end() {
	for _, call := range c.all() {
		_ = call.WriteStatus(statusOf(errShutDown)) // fails when the client has gone
	}
}

func (c *crowd) all() (calls []statusWriter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for m := range c.calls.all() {
		m.is.told = true
		calls = append(calls, m.is.call)
	}
	return calls
}
