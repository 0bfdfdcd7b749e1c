package v2

import "github.com/leat-ml/leat/serve"

// Explains says whether the model, if it is ready, explains.
func (s *Server) Explains() bool {
	if s.Status().Phase != Ready {
		return false
	}
	return explains(s.Model)
}

func explains(model serve.Model) bool {
	if e, ok := model.(interface{ Explains() bool }); ok { // whose method is there in any case
		return e.Explains()
	}
	_, ok := model.(serve.Explainer)
	return ok
}

// Operations are the names of the model's own operations that it tells of.
func (s *Server) Operations() []string {
	if l, ok := s.Model.(serve.OperationLister); ok {
		return l.Operations()
	}
	return nil
}
