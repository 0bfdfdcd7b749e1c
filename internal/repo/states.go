package repo

import (
	"sync"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// states passes the states of one instance on to an observer while the instance
// is the one that serves: of a model that is replaced, the observer hears
// neither how the new instance loads nor how the old one goes. It is the
// recorder that the instance's server knows.
type states struct {
	serve.Recorder
	observer v2.Observer

	mu      sync.Mutex
	serving bool
}

// Model implements [v2.Observer].
func (s *states) Model(name, version string) v2.Metrics { return s.observer.Model(name, version) }

// ModelState implements [v2.Observer].
func (s *states) ModelState(name, version string, st v2.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving {
		s.observer.ModelState(name, version, st)
	}
}

// count has the requests of in counted. It is called before any can find it.
func (in *instance) count() {
	if in.states != nil {
		in.server.SetMetrics(in.states.observer.Model(in.server.Name, in.server.Version))
	}
}

// tell has the observer hear of in from now on, beginning with how it is now.
func (in *instance) tell() {
	if s := in.states; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serving = true
		s.observer.ModelState(in.server.Name, in.server.Version, in.server.Status())
	}
}

// hush has the observer hear no more of in.
func (in *instance) hush() {
	if s := in.states; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serving = false
	}
}

// gone tells the observer that a version is no longer there.
func (in *instance) gone() {
	if s := in.states; s != nil {
		s.observer.ModelState(in.server.Name, in.server.Version, v2.Status{Phase: v2.Closed})
	}
}
