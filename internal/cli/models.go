package cli

import (
	"io"
	"slices"

	"github.com/leat-ml/leat/client/admin"
	"github.com/leat-ml/leat/v2"
)

// A modelList is the models of a server, as the admin port lists them too.
type modelList struct {
	Models []admin.Model `json:"models"`
}

func newModelList(infos []v2.Info) modelList {
	l := modelList{make([]admin.Model, len(infos))}
	for i, m := range infos {
		l.Models[i] = admin.Model{
			Name: m.Name, Version: m.Version, Default: m.Default, Runtime: m.Runtime, State: string(m.Phase),
			Path: m.Path, Step: m.Step, LoadSeconds: m.LoadTime.Seconds(),
		}
		if m.Err != nil {
			l.Models[i].Reason = m.Err.Error()
		}
		if m.Phase == v2.Ready {
			l.Models[i].LoadedAt = m.Since
		}
	}
	return l
}

// write writes the list as a table. The last column is there for models that no path
// names, since a graph asks them.
func (l modelList) write(w io.Writer) error {
	rows := [][]string{{"NAME", "VERSION", "RUNTIME", "STATE", "REASON"}}
	inGraph := func(m admin.Model) bool { return m.Step != "" }
	if slices.ContainsFunc(l.Models, inGraph) {
		rows[0] = append(rows[0], "IN STEP")
	}
	for _, m := range l.Models {
		row := []string{m.Name, m.Version, m.Runtime, m.State, m.Reason}
		if inGraph(m) {
			row = append(row, m.Step)
		}
		rows = append(rows, row)
	}
	return printTable(w, rows)
}
