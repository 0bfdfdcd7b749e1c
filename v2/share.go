package v2

import (
	"context"
	"reflect"
	"sync/atomic"
)

// A holding counts the servers of one model: the last that closes closes it.
type holding struct{ servers atomic.Int64 }

func newHolding() *holding {
	h := &holding{}
	h.servers.Store(1)
	return h
}

// join adds a server unless the model is being closed.
func (h *holding) join() bool {
	for {
		n := h.servers.Load()
		if n == 0 {
			return false
		}
		if h.servers.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave takes a server away and says whether it was the last.
func (h *holding) leave() bool { return h.servers.Add(-1) == 0 }

// Share makes s, which has not been started, serve the model that from has
// loaded, and not load its own. It returns false, and changes nothing, when that
// model is not ready. It is for the caller to see that s would load the same. The
// model is closed with the last of the servers that share it.
func (s *Server) Share(from *Server) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s == from || s.started || s.closed || s.shared != nil || !from.holding.join() {
		return false
	}
	st := from.status.Load()
	if st.Phase != Ready {
		_ = from.letGo(context.Background(), from.holding) // from holds it still, or has let go of it meanwhile
		return false
	}
	s.Model, s.hooks, s.ctx, s.holding, s.shared = from.Model, from.hooks, from.ctx, from.holding, st
	s.desc.Store(from.desc.Load())
	return true
}

// Join has the model stay open until both s and from are closed, when it is one
// object that a program has made and given to both.
func (s *Server) Join(from *Server) {
	t := reflect.TypeOf(s.Model)
	if s == from || t != reflect.TypeOf(from.Model) || t.Kind() != reflect.Pointer || s.Model != from.Model || t.Elem().Size() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started && !s.closed && s.holding != from.holding && from.holding.join() {
		s.holding = from.holding
	}
}
