package v2

import "github.com/leat-ml/leat/serve"

// Counts are what the model counts itself; ok is false where each request is a call
// of it, as nearly always.
func (s *Server) Counts() (c serve.Counts, ok bool) {
	if m, isCounter := s.Model.(serve.Counter); isCounter && s.status.Load().Phase == Ready {
		return m.Counts()
	}
	return c, false
}
