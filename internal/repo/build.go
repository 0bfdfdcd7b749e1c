package repo

import (
	"context"

	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// build makes the instances of what was found, and loads none.
func (r *Repository) build(entry *Model) (*model, error) {
	if entry.Err != nil {
		return r.assemble(entry, func(Version) v2.Config { return v2.Config{Model: broken{entry.Err}} })
	}
	return r.assemble(entry, func(v Version) v2.Config {
		if v.Err != nil {
			return v2.Config{Model: broken{v.Err}}
		}
		s := &entry.Settings
		switch {
		case v.plan != nil:
			return v2.Config{Args: s.Parameters, Model: foreign.New(v.plan)}
		case v.ensemble != nil:
			return v2.Config{Model: v.ensemble.in(r), Class: "ensemble", Runtime: "ensemble"}
		}
		return v2.Config{
			Args:  s.Parameters,
			Model: &v2.FileModel{Runtime: v.Runtime, Inputs: s.Inputs, Outputs: s.Outputs},
		}
	})
}

// unloaded is what stands for a model that was unloaded: it holds nothing and
// tells requests so.
func (r *Repository) unloaded(entry *Model) (*model, error) {
	m, err := r.assemble(entry, func(Version) v2.Config { return v2.Config{Model: broken{}} })
	if err != nil {
		return nil, err
	}
	for _, in := range m.instances {
		in.settle()
	}
	return m, nil
}

// assemble makes an instance for every version with what config says beside its
// name and place. A model whose versions nobody knows has one for all of them.
func (r *Repository) assemble(entry *Model, config func(Version) v2.Config) (*model, error) {
	m := &model{entry: entry, routes: map[string]*route{}}
	versions := entry.Versions
	if len(versions) == 0 {
		versions = []Version{{Path: entry.Path}}
	}
	for _, v := range versions {
		in, err := r.instance(entry.Name, v, config(v))
		if err != nil {
			return nil, err
		}
		in.depth = entry.depth
		m.instances = append(m.instances, in)
		m.routes[v.Number] = &route{repo: r, name: entry.Name, version: v.Number, in: in}
	}
	r.connect(m)
	return m, nil
}

// connect fills in the ways to ask for the model other than by number.
func (r *Repository) connect(m *model) {
	to := func(asked, number string) *route {
		return &route{repo: r, name: m.entry.Name, version: asked, in: m.routes[number].in}
	}
	if len(m.entry.Versions) == 0 {
		m.refused, m.fallback = m.routes[""], m.routes[""]
		return
	}
	for label, number := range m.entry.Settings.Labels {
		m.routes[label] = to(label, number)
	}
	if !r.env.MLRun || !m.entry.Versioned {
		m.fallback = to("", m.entry.Default())
	}
	var numbers []string
	for _, in := range m.instances {
		numbers = append(numbers, in.number)
	}
	for _, in := range m.instances {
		in.server.SetVersions(func() []string { return numbers })
	}
}

func (r *Repository) instance(name string, v Version, c v2.Config) (*instance, error) {
	env := r.env
	env.Async = false // the repository itself decides what runs in the background
	var st *states
	if o, ok := env.Recorder.(v2.Observer); ok {
		st = &states{Recorder: env.Recorder, observer: o}
		env.Recorder = st
	}
	c.Name, c.Version, c.Path, c.Env = name, v.Number, v.Path, &env
	if v.Runtime != nil {
		c.Class, c.Runtime = v.Runtime.Name, v.Runtime.Name
	}
	server, err := v2.New(c)
	if err != nil {
		return nil, err
	}
	if r.made != nil {
		r.made(server)
	}
	return newInstance(v.Number, server, st), nil
}

// A broken model is one that cannot be loaded, for a reason that was found
// before trying.
type broken struct{ err error }

// Load implements [serve.Loader].
func (b broken) Load(context.Context, *serve.ModelContext) error { return b.err }

// Predict implements [serve.Model]; nobody gets as far.
func (b broken) Predict(context.Context, *serve.Request) (any, error) { return nil, b.err }

var _ serve.Loader = broken{}
