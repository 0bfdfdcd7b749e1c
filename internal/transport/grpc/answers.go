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
	v *conversation
	m *inferRequest

	mu   sync.Mutex // held while a message is sent
	over bool       // the request has its outcome
}

// Send implements [serve.Sink]: it waits until the windows of the client's have room.
func (a *answers) Send(b serve.Body) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return errLate
	}
	r := &inferResponse{model: a.m.model, version: a.m.version, id: a.m.id, typed: a.v.typed(a.m), wrapped: !a.v.bare}
	if err := r.take(b); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	if r.wrapped {
		r.flag(isFinal, false)
	}
	a.v.out += r.size()
	if err := a.v.ss.SendMsg(r); err != nil {
		return &serve.Error{Code: serve.Canceled, Err: err}
	}
	return a.v.ctx.Err()
}

// close has nothing be sent any more.
func (a *answers) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}
