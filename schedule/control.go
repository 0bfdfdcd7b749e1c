package schedule

import (
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// A Signal is what a model is told of a sequence.
type Signal uint8

// The signals.
const (
	SignalStart Signal = iota // the request is the first
	SignalReady               // there is a request: always true, since none is made up
	SignalEnd                 // the request is the last
	SignalID                  // the id of the sequence
)

// A Control is an input that tells the model of a signal.
type Control struct {
	Name     string
	Signal   Signal
	Datatype serve.Datatype // INT32, FP32 or BOOL; of SignalID an integer of 32 or 64 bits, or BYTES
	// False and True are the values, of INT32 and FP32.
	False, True float64
}

// signals are those of one request.
type signals struct {
	start, end bool
	id         any
}

// tensor is the control for a request: with rows, a column of them; without, one
// element.
func (c *Control) tensor(is signals, rows int) (*serve.Tensor, error) {
	shape := []int{1}
	if rows > 0 {
		shape = []int{rows, 1}
	}
	n := max(1, rows)
	if c.Signal == SignalID {
		return c.identity(is.id, n, shape)
	}
	on := c.Signal == SignalReady || c.Signal == SignalStart && is.start || c.Signal == SignalEnd && is.end
	v := c.False
	if on {
		v = c.True
	}
	switch c.Datatype {
	case serve.Bool:
		return serve.NewTensor(c.Name, repeat(on, n), shape...), nil
	case serve.FP32:
		return serve.NewTensor(c.Name, repeat(float32(v), n), shape...), nil
	}
	return serve.NewTensor(c.Name, repeat(int32(v), n), shape...), nil
}

// identity is the id as the model takes it.
func (c *Control) identity(id any, n int, shape []int) (*serve.Tensor, error) {
	text, isText := id.(string)
	if c.Datatype == serve.Bytes {
		if !isText {
			text = idText(id)
		}
		return serve.NewBytes(c.Name, repeat(text, n), shape...), nil
	}
	if isText {
		return nil, badRequest("sequence_id is %q, but the model takes a number", text)
	}
	u, err := strconv.ParseUint(idText(id), 10, 64)
	switch {
	case err != nil:
	case c.Datatype == serve.Int32 && u <= 1<<31-1:
		return serve.NewTensor(c.Name, repeat(int32(u), n), shape...), nil
	case c.Datatype == serve.Uint32 && u <= 1<<32-1:
		return serve.NewTensor(c.Name, repeat(uint32(u), n), shape...), nil
	case c.Datatype == serve.Int64 && u <= 1<<63-1:
		return serve.NewTensor(c.Name, repeat(int64(u), n), shape...), nil
	case c.Datatype == serve.Uint64:
		return serve.NewTensor(c.Name, repeat(u, n), shape...), nil
	}
	return nil, badRequest("sequence_id %s is not a number that %s holds", idText(id), c.Datatype)
}

func idText(id any) string {
	switch id := id.(type) {
	case int64:
		return strconv.FormatInt(id, 10)
	case serve.Number:
		return string(id)
	}
	return ""
}

func repeat[T any](v T, n int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = v
	}
	return all
}

// A State is a tensor that the model answers with and gets back with the next
// request of the sequence.
type State struct {
	Input, Output string
	// Initial is what the first request of a sequence gets: one row.
	Initial *serve.Tensor
	// Shown leaves it among the outputs.
	Shown bool
}

// of is the state of a sequence.
func (s *State) of(q *sequence) *serve.Tensor {
	if t := q.states[s.Input]; t != nil {
		return t.Named(s.Input)
	}
	return s.Initial.Named(s.Input)
}
