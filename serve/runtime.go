package serve

import (
	"context"
	"io/fs"
)

// An Artifact is a model's files and what is written about them. It is
// immutable.
type Artifact struct {
	File  string // local path of the model file; "" if there is none
	Files fs.FS  // everything beside it
	// Extra are further files by key: local paths, and URLs of what is brought here
	// only when somebody asks for it.
	Extra map[string]string
	// Parameters, Features and Labels come from the artifact's description;
	// nil where there is none.
	Parameters       map[string]any
	Features, Labels []Feature
	Metrics          map[string]any
	Framework        string
	Algorithm        string
	Key              string
	Tag              string
	Marks            map[string]string // its own labels, not those of columns: who has made it, for example
	// Project, Iter and Tree are where it stands in a registry, and URI names it
	// there; "" and 0 for one that is in none.
	Project string
	Iter    int
	Tree    string
	URI     string
	// FeatureStats are the statistics of the columns that the model was trained on,
	// by name, as MLRun has them; nil where there are none.
	FeatureStats map[string]any
}

// A ModelSpec is what a repository or a server spec says of a model.
type ModelSpec struct {
	Name       string
	Version    string
	Parameters map[string]any
	// Inputs and Outputs are declared schemas; a runtime that knows better from
	// the file refuses a declaration that contradicts it.
	Inputs, Outputs []TensorSpec
	// Models are those of the server; nil where the model cannot ask others.
	Models Models
	Python Python
}

// Python is how a spec has models run that are programs in Python.
type Python struct {
	Folder      string // of the spec; a relative path is tried there
	Interpreter string // a path or a command; "" looks for one
	Memory      int64  // bytes that a worker may have; 0 is no limit
}

// A Runtime turns a model artifact into a Model: in this process, in a worker
// process or behind a socket. Load must be safe for concurrent use. The model
// holds its resources until its Close, if it is a [Closer].
type Runtime interface {
	Load(ctx context.Context, a *Artifact, spec ModelSpec) (Model, error)
}
