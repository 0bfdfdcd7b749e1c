package graph

// Python is what a spec says of users' Python code: where it is and how it runs.
type Python struct {
	Pos         Pos
	Paths       []string // files and folders, relative to the spec's folder
	Interpreter string   // a path or a command; "" looks for one
	Workers     int      // processes a model; 0 is the default
	Memory      int64    // bytes that a worker may have; 0 is no limit
	// Source is code that the spec has in itself, as an MLRun function has, and
	// Module the name that it goes by.
	Source, Module string
}
