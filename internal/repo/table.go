package repo

import (
	"maps"
	"slices"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A table is everything that requests may find. It is immutable.
type table struct {
	models map[string]*model
	names  []string // sorted
}

// with returns the table with another model under a name; nil takes it out.
func (t *table) with(name string, m *model) *table {
	next := &table{models: maps.Clone(t.models)}
	if next.models == nil {
		next.models = map[string]*model{}
	}
	if next.models[name] = m; m == nil {
		delete(next.models, name)
	}
	next.names = slices.Sorted(maps.Keys(next.models))
	return next
}

// all are the models by name.
func (t *table) all() []*model {
	out := make([]*model, len(t.names))
	for i, name := range t.names {
		out[i] = t.models[name]
	}
	return out
}

// A model is one state of a model: a set of instances that came together and go
// together. It is immutable.
type model struct {
	entry     *Model
	instances []*instance       // ascending by version
	routes    map[string]*route // by version and by label
	fallback  *route            // of requests without a version; nil if they find nothing
	refused   *route            // of requests for any version, where nobody knows the versions
}

func (m *model) find(version string) *route {
	switch {
	case version == "":
		return m.fallback
	case m.refused != nil:
		return m.refused
	}
	return m.routes[version]
}

// serving says whether the model answers requests, or may soon.
func (m *model) serving() bool {
	return slices.ContainsFunc(m.instances, func(in *instance) bool {
		p := in.phase()
		return p != v2.Failed && p != v2.Closed
	})
}

// failed says whether a version is there and has failed.
func (m *model) failed(version string) bool {
	return slices.ContainsFunc(m.instances, func(in *instance) bool {
		return in.number == version && in.phase() == v2.Failed
	})
}

func (m *model) has(version string) bool {
	return slices.ContainsFunc(m.instances, func(in *instance) bool { return in.number == version })
}

// broken says whether requests without a version find a model that failed.
func (m *model) broken() bool {
	return m.fallback != nil && m.fallback.in.phase() == v2.Failed
}

// Find implements [v2.Models]. A label does for a version. The step stays valid
// whatever is loaded or unloaded meanwhile.
func (r *Repository) Find(name, version string) serve.Step {
	if found := r.find(name, version); found != nil {
		return found
	}
	return nil
}

func (r *Repository) find(name, version string) *route {
	m := r.table.Load().models[name]
	if m == nil {
		return nil
	}
	return m.find(version)
}

// Names implements [v2.Models]: the models, whatever their states, sorted. Read
// the slice only.
func (r *Repository) Names() []string { return r.table.Load().names }

// Versions are those of a model, ascending; nil where there is none, or nobody knows them.
func (r *Repository) Versions(name string) []string {
	m := r.table.Load().models[name]
	if m == nil || m.refused != nil {
		return nil
	}
	all := make([]string, len(m.instances))
	for i, in := range m.instances {
		all[i] = in.number
	}
	return all
}

// Triton says whether there is a model of a name that Triton's settings describe.
func (r *Repository) Triton(name string) bool {
	m := r.table.Load().models[name]
	return m != nil && m.entry.Triton
}

// Independent says whether requests of one client may be put to a model several at a
// time, whichever of its versions they are for.
func (r *Repository) Independent(name string) bool {
	m := r.table.Load().models[name]
	if m == nil {
		return false
	}
	return !slices.ContainsFunc(m.instances, func(in *instance) bool { return !in.server.Independent() })
}

// Status lists every version of every model, by name and version.
func (r *Repository) Status() []v2.Info {
	var all []v2.Info
	for _, m := range r.table.Load().all() {
		for _, in := range m.instances {
			info := in.server.Info()
			info.Name, info.Version = m.entry.Name, in.number
			info.Default = m.entry.Err == nil && in.number == m.entry.Default()
			all = append(all, info)
		}
	}
	return all
}

// Servers are those of every version of every model, by name and version. Of a
// repository that serves they may be replaced at any time.
func (r *Repository) Servers() []*v2.Server {
	var all []*v2.Server
	for _, m := range r.table.Load().all() {
		for _, in := range m.instances {
			all = append(all, in.server)
		}
	}
	return all
}
