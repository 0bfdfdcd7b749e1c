package graph

import (
	"strconv"

	"github.com/leat-ml/leat/serve"
)

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

// Models is how it has models in files run, in the spec of a folder. It may be nil.
func (p *Python) Models(folder string) serve.Python {
	if p == nil {
		return serve.Python{Folder: folder}
	}
	return serve.Python{Folder: folder, Interpreter: p.Interpreter, Memory: p.Memory}
}

// written says whether there is anything that a spec can say of it. Source is in
// function files only.
func (p *Python) written() bool {
	return p != nil && (len(p.Paths) > 0 || p.Interpreter != "" || p.Workers > 0 || p.Memory > 0)
}

// MarshalJSON writes it as specs have it.
func (p *Python) MarshalJSON() ([]byte, error) {
	o := &object{}
	o.value("paths", p.Paths, len(p.Paths) > 0)
	o.text("interpreter", p.Interpreter)
	o.value("workers", p.Workers, p.Workers > 0)
	o.text("memory", size(p.Memory))
	return o.end()
}

// size is a number of bytes with its unit.
func size(n int64) string {
	switch {
	case n == 0:
		return ""
	case n%(1<<30) == 0:
		return strconv.FormatInt(n>>30, 10) + "GiB"
	case n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "MiB"
	}
	return strconv.FormatInt(n, 10) + "B"
}
