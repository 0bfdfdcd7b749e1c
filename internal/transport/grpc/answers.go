package grpc

import (
	"fmt"
	"sync"

	"github.com/leat-ml/leat/serve"
)

// answers takes the answers of a model that answers a request of a stream any number
// of times. Each is a message; in Triton's form it says that it is not the final one,
// which is empty and comes where the request asks for it.
type answers struct {
	v   *conversation
	own *call // that the request is
	t   *turn

	mu   sync.Mutex // held while a message is sent
	over bool       // the request has its outcome
	sent int
}

// Send implements [serve.Sink]: it waits until the windows of the client's have room.
func (a *answers) Send(b serve.Body) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return errLate
	}
	m := a.t.m
	r := &inferResponse{model: m.model, version: m.version, id: m.id, typed: a.v.typed(m), wrapped: !a.v.bare}
	v, _ := b.Value()
	switch failed, ok := v.(error); {
	case ok && a.v.ends:
		return failed
	case ok:
		r.failure = wholeStatus(failed).Message()
	default:
		if err := r.take(b); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
	}
	if r.wrapped {
		r.flag(isFinal, false)
	}
	if a.sent == 0 {
		a.v.line.leave(a.t)
	}
	a.sent++
	a.own.out += r.size()
	if err := a.v.send(r); err != nil {
		return &serve.Error{Code: serve.Canceled, Err: err}
	}
	return a.own.ctx.Err()
}

// close has nothing be sent any more, and returns how many answers have been.
func (a *answers) close() (sent int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	return a.sent
}
