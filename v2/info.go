package v2

import "time"

// Info is what a listing shows of one model.
type Info struct {
	Name, Version, Runtime, Path string

	Phase    Phase
	Err      error // why it failed
	Since    time.Time
	LoadTime time.Duration
	// Default says that unversioned requests go to this version.
	Default bool
	// Step is the path of the step of a graph that the model is in; "" for one that is
	// asked by its name.
	Step string
}

// Label is the model's name, with its version if it has one: "m3:v1".
func (i *Info) Label() string {
	if i.Version == "" {
		return i.Name
	}
	return i.Name + ":" + i.Version
}

// Info describes the model for listings.
func (s *Server) Info() Info {
	st := s.Status()
	runtime := s.Runtime
	if runtime == "" {
		runtime = s.Class
	}
	if f, ok := s.Model.(*FileModel); ok && f.Runtime == nil && st.Phase == Ready {
		runtime = s.Description().Platform
	}
	return Info{
		Name: s.Name, Version: s.Version, Runtime: runtime, Path: s.Path,
		Phase: st.Phase, Err: st.Err, Since: st.Since, LoadTime: st.LoadTime,
	}
}
