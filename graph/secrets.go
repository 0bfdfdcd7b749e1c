package graph

// A SecretSource is where secrets come from: an entry of MLRun's secret_sources.
type SecretSource struct {
	Pos    Pos
	Kind   string            // "inline", "file", "env" or "kubernetes"
	Prefix string            // of the names by which the secrets are asked for
	Values map[string]string // of inline
	Path   string            // of a file with lines NAME=value, relative to the spec's folder
	Names  []string          // of variables of the environment, and of secrets in Kubernetes
	// Written is the source as the spec has it.
	Written any
}

// MarshalJSON writes it as specs have it.
func (s *SecretSource) MarshalJSON() ([]byte, error) {
	o := &object{}
	o.text("kind", s.Kind)
	o.value("source", s.Written, s.Written != nil)
	o.text("prefix", s.Prefix)
	return o.end()
}
