package artifact

import "time"

// Latest is the tag of what was pushed last.
const Latest = "latest"

// An Entry is what a registry knows of an artifact.
type Entry struct {
	Project, Key, Tree string
	Iter               int
	Tags               []string  // that lead to its tree now
	Target             string    // URL of the folder that has its files
	Created            time.Time // when it was pushed
	Document           []byte    // its model_spec.yaml
}

// Ref names the entry, whatever tags are moved.
func (e Entry) Ref() Ref {
	return Ref{Kind: ModelKind, Project: e.Project, Key: e.Key, Iter: e.Iter, Tree: e.Tree}
}
