package cli

import (
	"io"

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
			Path: m.Path, LoadSeconds: m.LoadTime.Seconds(),
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

// write writes the list as a table.
func (l modelList) write(w io.Writer) error {
	rows := [][]string{{"NAME", "VERSION", "RUNTIME", "STATE", "REASON"}}
	for _, m := range l.Models {
		rows = append(rows, []string{m.Name, m.Version, m.Runtime, m.State, m.Reason})
	}
	return printTable(w, rows)
}
