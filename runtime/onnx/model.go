//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A model is a loaded ONNX model.
type model struct {
	name            string // of its file
	lib             *library
	session         *ortSession
	inputs, outputs []port
	required        int // inputs, the first ones; a request may leave out the others
	desc            serve.Description

	mu     sync.Mutex
	idle   []*call // ready for the next run
	active []*call // running
	ending bool    // Close was called
	closed chan struct{}
	sweep  *time.Timer // looks for runs whose context has ended; nil before the first run
	armed  bool        // the timer runs
}

// Describe tells the inputs and outputs of the model.
func (m *model) Describe() serve.Description { return m.desc }

// Classes are the class labels of an output that is a matrix of probabilities,
// in the order of its columns; nil for any other.
func (m *model) Classes(output string) []string {
	for _, p := range m.outputs {
		if p.spec.Name == output {
			return p.classes
		}
	}
	return nil
}

// Predict runs the model. It returns []*[serve.Tensor]: the outputs that req
// asks for, in its order, or all in the model's. When ctx ends it returns
// ctx.Err(), as soon as the step of the model that is running is done.
func (m *model) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer m.end(c)
	out, err := m.predict(c, req)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return out, nil
}

func (m *model) predict(c *call, req *serve.Request) ([]*serve.Tensor, error) {
	if err := c.choose(m.outputs, req.Outputs); err != nil {
		return nil, err
	}
	if err := c.fill(m, req); err != nil {
		return nil, err
	}
	if err := m.lib.run(m.session, c.c); err != nil {
		return nil, runError(err)
	}
	defer m.lib.release(c.c)
	return c.collect(m)
}

// runError tells a fault of the request from one of the model: the library
// finds fault with arguments where shapes or values do not fit.
func runError(err error) error {
	var e *ortError
	if errors.As(err, &e) && e.code == invalidArgument {
		return badInput("%w", err)
	}
	return err
}

func badInput(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "ValueError", format, args...)
}

// maxIdle bounds the memory kept for later runs.
const maxIdle = 64

var errClosed = errors.New("the model has been unloaded")

// begin takes what a run needs. The caller gives it back with end.
func (m *model) begin(ctx context.Context) (*call, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ending {
		return nil, &serve.Error{Code: serve.Unavailable, Class: "RuntimeError", Op: m.name, Err: errClosed}
	}
	c, err := m.idleCall()
	if err != nil {
		return nil, err
	}
	c.ctx, c.slot = ctx, len(m.active)
	m.active = append(m.active, c)
	m.arm()
	return c, nil
}

func (m *model) idleCall() (*call, error) {
	if n := len(m.idle); n > 0 {
		c := m.idle[n-1]
		m.idle = m.idle[:n-1]
		return c, nil
	}
	return newCall(m)
}

func (m *model) end(c *call) {
	c.unpin()
	m.mu.Lock()
	defer m.mu.Unlock()
	last := len(m.active) - 1
	m.active[last].slot = c.slot
	m.active[c.slot] = m.active[last]
	m.active[last] = nil
	m.active = m.active[:last]
	c.reset(m.lib)
	if len(m.idle) < maxIdle {
		m.idle = append(m.idle, c)
	} else {
		m.lib.freeCall(c.c)
	}
	if m.ending && last == 0 {
		m.release()
	}
}

// sweepEvery is how late a run learns that its context has ended.
const sweepEvery = 5 * time.Millisecond

// arm starts the timer unless it runs. One timer for all runs, which looks at
// their contexts from time to time, costs a run nothing to speak of; a callback
// a run (context.AfterFunc) costs a short run a tenth of its time, and a
// goroutine where the context is not one of the standard library's.
func (m *model) arm() {
	switch {
	case m.armed:
		return
	case m.sweep == nil:
		m.sweep = time.AfterFunc(sweepEvery, m.terminate)
	default:
		m.sweep.Reset(sweepEvery)
	}
	m.armed = true
}

// terminate ends the runs whose context has ended.
func (m *model) terminate() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.armed = false
	for _, c := range m.active {
		if !c.terminated && c.ctx.Err() != nil {
			m.lib.terminate(c.c)
			c.terminated = true
		}
	}
	if len(m.active) > 0 {
		m.arm()
	}
}

// Close releases the model once the calls that are running have returned, and
// waits for that, at most until ctx ends. Calls that come later are refused.
func (m *model) Close(ctx context.Context) error {
	m.mu.Lock()
	if !m.ending {
		m.ending = true
		if len(m.active) == 0 {
			m.release()
		}
	}
	m.mu.Unlock()
	select {
	case <-m.closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: close: calls are still running: %w", m.name, ctx.Err())
	}
}

// release gives everything back. Nothing may be running.
func (m *model) release() {
	if m.sweep != nil {
		m.sweep.Stop()
	}
	for _, c := range m.idle {
		m.lib.freeCall(c.c)
	}
	m.idle = nil
	for _, ports := range [][]port{m.inputs, m.outputs} {
		for i := range ports {
			m.lib.free(ports[i].name)
			ports[i].name = nil
		}
	}
	m.lib.releaseSession(m.session)
	m.session = nil
	close(m.closed)
}
