package server

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// votes is a router of users' code that is an ensemble.
type votes struct{ routes []catalog.Route }

func (*votes) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }

func (v *votes) Ensemble() (*serve.Served, []catalog.Route) {
	return &serve.Served{Model: "best", Version: "v1", Class: "code.Highest"}, v.routes
}

// TestEndpointOfUsersEnsemble: an ensemble of users' code has a record as the
// server's own have, and its models are leaves.
func TestEndpointOfUsersEnsemble(t *testing.T) {
	d := newDatabase(t)
	set := &catalog.Set{}
	set.Add(v2.Class("One", func() serve.Model { return one{} }))
	set.Add(catalog.Entry{Name: "Highest", Router: true, New: func(a catalog.Args) (serve.Step, error) { return &votes{a.Routes}, nil }})
	spec := graph.NewRouter().AddModel("a", "One", "", nil).AddModel("b:v2", "One", "", nil)
	spec.Graph.Class, spec.FunctionURI = "Highest", "p/f"
	started(t, Config{Spec: spec, Catalog: set, Endpoints: d.open})
	e := d.record(t, "p/f", "best:v1")
	if e.Status.EndpointType != endpoint.Router || e.Spec.ModelClass != "Highest" || len(e.Status.ChildrenUIDs) != 2 {
		t.Errorf("%+v", e)
	}
	if d := cmp.Diff([]string{"a", "b:v2"}, e.Status.Children); d != "" {
		t.Errorf("children (-want +got):\n%s", d)
	}
	if e := d.record(t, "p/f", "b:v2"); e.Status.EndpointType != endpoint.Leaf {
		t.Errorf("%+v", e.Status)
	}
}
