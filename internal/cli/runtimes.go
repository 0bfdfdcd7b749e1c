package cli

import (
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/stream"
)

// linked are the flags of linked runtimes.
type linked struct {
	ONNXRuntime string `name:"onnxruntime" setting:"" placeholder:"PATH" help:"The ONNX Runtime library or its folder; looked for when not given."`
}

// catalog is the set of what is linked into the program, with a data folder for
// what it keeps.
func (e *Env) catalog(l linked, data *datadir.Dir) *catalog.Set {
	set, _ := e.plugins(l, data)
	return set
}

// plugins are what is linked in, with the kinds of streams.
func (e *Env) plugins(l linked, data *datadir.Dir) (*catalog.Set, *stream.Mux) {
	set, streams := catalog.Default.Clone(), &stream.Mux{}
	if e.Register != nil {
		e.Register(set, Plugins{ONNXRuntime: l.ONNXRuntime, Data: data, Streams: streams})
	}
	return set, streams
}

type runtimesCmd struct {
	linked `embed:""`
	format `embed:""`
}

// Help implements [kong.HelpProvider].
func (runtimesCmd) Help() string {
	return `
A runtime loads model files of certain kinds. One that is not available says what to do about it.

Example:

    leat runtimes
`
}

// A runtimeRow is one runtime of the list.
type runtimeRow struct {
	Name      string   `json:"name"`
	Version   string   `json:"version,omitempty"`
	Available bool     `json:"available"`
	Files     string   `json:"files"`
	Suffix    string   `json:"suffix,omitempty"`
	Classes   []string `json:"classes"`
	Reason    string   `json:"reason,omitempty"` // why it is not available, and what to do
}

// Run prints the runtimes.
func (c *runtimesCmd) Run(env *Env) error {
	list := []runtimeRow{}
	for _, r := range env.catalog(c.linked, datadir.Temporary()).Runtimes() {
		list = append(list, probe(r))
	}
	if c.json() {
		return printJSON(env.Stdout, map[string]any{"runtimes": list})
	}
	rows := [][]string{{"NAME", "VERSION", "AVAILABLE", "FILES", "WHAT TO DO"}}
	for _, r := range list {
		available := "yes"
		if !r.Available {
			available = "no"
		}
		rows = append(rows, []string{r.Name, r.Version, available, r.Files, r.Reason})
	}
	return printTable(env.Stdout, rows)
}

func probe(r *catalog.RuntimeEntry) runtimeRow {
	row := runtimeRow{Name: r.Name, Version: "built in", Available: true, Files: r.Doc, Suffix: r.Suffix, Classes: r.Classes}
	if row.Classes == nil {
		row.Classes = []string{}
	}
	if r.Probe == nil {
		return row
	}
	v, err := r.Probe()
	row.Version = v
	if err != nil {
		row.Available, row.Reason = false, err.Error()
	}
	return row
}
