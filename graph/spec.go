package graph

// A Spec says what a server serves, in MLRun's terms: the keys of MLRun's
// server spec with their meanings unchanged, and ours beside them. The package
// that reads files fills in the positions; a Spec made in Go has none.
type Spec struct {
	File string // where it was read from; "" if nowhere

	Graph       *StepSpec // nil where the spec only names a model repository
	Parameters  map[string]any
	LoadMode    string // "sync" (also when empty) or "async"
	FunctionURI string // [project/]name[:tag][@hash]
	Version     string // of the protocol: "v2"
	Verbose     bool

	DefaultContentType string
	// Models is the path of a model repository; "" if there is none.
	Models string
}

// A StepSpec is one step, and what it contains where it contains any.
type StepSpec struct {
	Name string
	Kind string // "task" (also when empty), "router" …; of the root: "router" or "root"
	Pos  Pos

	Class      string         // class_name
	Args       map[string]any // class_args
	Handler    string
	InputPath  string
	ResultPath string
	Routes     []*StepSpec // of a router, in order
	// Model is a model object to use instead of one made by the class. It is
	// not written out.
	Model any
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
