package telemetry

import (
	"sync"
	"sync/atomic"
)

// rpcs counts calls of gRPC by method and code, of both of which there are few.
type rpcs struct{ counts sync.Map } // of rpc to *atomic.Uint64

type rpc struct{ method, code string }

// Called counts a call of gRPC that has been answered: method is one of those
// that are served or "unknown", code the name of its status.
func (t *Telemetry) Called(method, code string) {
	n, ok := t.rpcs.counts.Load(rpc{method, code})
	if !ok {
		n, _ = t.rpcs.counts.LoadOrStore(rpc{method, code}, new(atomic.Uint64))
	}
	n.(*atomic.Uint64).Add(1)
}

func (r *rpcs) collect(c collection) {
	r.counts.Range(func(key, n any) bool {
		k := key.(rpc)
		c.counter(callsDesc, n.(*atomic.Uint64).Load(), k.method, k.code)
		return true
	})
}
