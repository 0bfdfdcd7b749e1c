package serve

import "context"

// Models are those of the server that a model is in, for a model that asks others. It
// is safe for concurrent use.
type Models interface {
	// Model finds a model: the version asked for, or with "" the one that requests
	// without a version go to. The error is Unavailable where there is none that is
	// ready, whether it is not loaded or not known.
	Model(name, version string) (Peer, error)
	// Change loads or unloads a model of the server's repository. It does not wait for
	// requests to the model that are still inside: who asks may be one of them.
	Change(ctx context.Context, c ModelChange) error
}

// A Peer is a model that another one may ask: as a [Step], with events whose bodies are
// requests.
type Peer struct {
	Step
	Description
}

// A ModelChange is a model to be loaded or unloaded.
type ModelChange struct {
	Name   string
	Unload bool
	// With are the parameters of a load, as Triton's extension for repositories has
	// them: "config", and files by "file:<version>/<name>".
	With map[string][]byte
}
