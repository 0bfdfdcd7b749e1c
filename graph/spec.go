package graph

import (
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A Spec says what a server serves, in MLRun's terms: the keys of MLRun's
// server spec with their meanings unchanged, and ours beside them. The package
// that reads files fills in the positions; a Spec made in Go has none.
type Spec struct {
	File string // where it was read from; "" if nowhere

	Graph       *StepSpec // nil where the spec only names a model repository
	Parameters  map[string]any
	ParamPos    map[string]Pos // of the names of parameters that are about records, where it was read
	LoadMode    string         // "sync" (also when empty) or "async"
	FunctionURI string         // [project/]name[:tag][@hash]
	Version     string         // of the protocol: "v2"
	Verbose     bool

	DefaultContentType string
	Functions          map[string]string // names of child functions and their URIs
	// ErrorStream is the URL of the stream that events go to which have failed; ""
	// if there is none.
	ErrorStream    string
	ErrorStreamPos Pos
	// Models is the path of a model repository; "" if there is none.
	Models    string
	ModelsPos Pos
	Python    *Python // users' code; nil where the spec says nothing of it
	// Database is the URL of the database of model endpoints; "" is the server's
	// own.
	Database string
	// Artifacts is where models are pushed to: a folder, or the URL of a place in a
	// bucket; "" is the server's own.
	Artifacts   string
	TrackModels bool // models are monitored
	// StreamPath is MLRun's setting STREAM_PATH, from the environment of the function
	// or of this process: where records of inferences go that log_stream does not name
	// a stream for. "" if it is not set.
	StreamPath string
	// MLRun says that it was read from an MLRun function file, so that MLRun's
	// contract applies.
	MLRun bool

	Secrets []SecretSource // where the secrets of users' code come from
	// Later are keys of MLRun's spec that have no effect yet, kept to be written
	// again.
	Later map[string]any

	problems []Problem // found while the spec was made in Go
}

// A StepSpec is one step, and what it contains where it contains any.
type StepSpec struct {
	Name string
	// Key is the other one of two names: of a route, what its router lists it
	// under; of a step in a flow, whose links go by Name, what it calls itself.
	Key  string
	Kind string // "task" (also when empty), "router" …; of the root: "router" or "root"
	Pos  Pos

	Class      string         // class_name
	ClassPos   Pos            // of class_name's value
	Args       map[string]any // class_args
	ArgPos     map[string]Pos // of the values of class_args
	Handler    string
	InputPath  string
	ResultPath string
	Routes     []*StepSpec // of a router, in order

	After     []string // names of the steps before it; none: it starts the flow
	Before    []string // of an error_step: names of the steps behind it
	BaseStep  string   // of an error_step: what it was made for; for readers only
	OnError   string   // the step that handles its errors, or those of a flow
	LinkPos   Pos      // of after, before or on_error
	Responder bool
	FullEvent bool
	Function  string // the function that the step runs in, of a graph over several
	Comment   string
	Shape     string

	Steps     []*StepSpec // of a flow, in order
	Engine    string      // of a flow: "sync", or "async" (also when empty)
	FinalStep string      // of a flow: nothing behind it runs

	// Of a queue: its stream, and how that is made.
	Path           string
	Shards         int
	RetentionHours int
	TriggerArgs    map[string]any
	Options        map[string]any
	// New makes the step where the program has a constructor of its own at hand,
	// a model object for example, instead of the class. It is not written out.
	New func(catalog.Args) (serve.Step, error)
}

// A Pos is a place in a file. The zero Pos is no place.
type Pos struct {
	Line, Col int // from 1; Col counts characters
}

// A Problem is one thing wrong with a spec.
type Problem struct {
	File    string
	Pos     Pos
	Msg     string
	Warning bool
}

// String is the problem as "file:line:col: message", with as much of the place
// as is known.
func (p Problem) String() string {
	msg := p.Msg
	if p.Warning {
		msg = "warning: " + msg
	}
	switch {
	case p.File != "" && p.Pos.Line > 0:
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Pos.Line, p.Pos.Col, msg)
	case p.Pos.Line > 0:
		return fmt.Sprintf("%d:%d: %s", p.Pos.Line, p.Pos.Col, msg)
	case p.File != "":
		return p.File + ": " + msg
	}
	return msg
}
