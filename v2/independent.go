package v2

import "github.com/leat-ml/leat/serve"

// Independent says whether requests may be put to the model several at a time that a
// client has sent one behind another, as in a stream of gRPC: its answers are streams,
// as of Triton's decoupled models, or it is known to keep nothing from one request to
// the next. A model that is not ready, and one of a program's own, is not known.
func (s *Server) Independent() bool {
	if s.Status().Phase != Ready {
		return false
	}
	if s.desc.Load().Streams {
		return true
	}
	m, ok := s.Model.(interface{ Independent() bool })
	return ok && m.Independent()
}

// Independent says whether the loaded model is: one of this process is a function of its
// file, and requests to several workers have no order. A single worker may be code that
// remembers.
func (f *FileModel) Independent() bool {
	c, ok := f.model.(serve.Crewed)
	return !ok || c.Workers().Wanted > 1
}
