package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// spoken is a model that only streams.
type spoken struct{ serve.OnlyStreams }

func (spoken) Stream(context.Context, *serve.Request, func(any) error) error { return nil }

// staffed is a model whose work is done by other processes, of which there are as many.
type staffed int

func (staffed) Predict(context.Context, *serve.Request) (any, error) { return nil, nil }
func (c staffed) Workers() serve.Workers                             { return serve.Workers{Wanted: int(c)} }

type staffedRuntime int

func (c staffedRuntime) Load(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) {
	return staffed(c), nil
}

// TestWhatMayBeAskedTogether: several requests of one stream are put at a time to models
// that stream or keep nothing, and to no others.
func TestWhatMayBeAskedTogether(t *testing.T) {
	set := &catalog.Set{}
	set.Add(v2.Class("One", func() serve.Model { return one{} }))
	set.Add(v2.Class("Spoken", func() serve.Model { return spoken{} }))
	router := graph.NewRouter().AddModel("plain", "One", "", nil).AddModel("s", "Spoken", "", nil).AddModel("s:v2", "Spoken", "", nil).
		AddModel("mixed:v1", "Spoken", "", nil).AddModel("mixed:v2", "One", "", nil)
	flow := graph.NewFlow("sync")
	flow.To("s", graph.StepSpec{Class: "Spoken"})
	of := func(workers int) *catalog.Set {
		set := oneSet().Clone()
		set.AddRuntime(catalog.RuntimeEntry{Name: "crewed", Runtime: staffedRuntime(workers), Detect: func(string, []byte) bool { return false }})
		return set
	}
	settled := func(settings string) string {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "w", "1"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "w", "1", "x.one"), "ONE")
		write(t, filepath.Join(dir, "w", "model.yaml"), settings)
		return dir
	}
	for _, tt := range []struct {
		name   string
		config Config
		want   map[string]bool
	}{
		{"a router", Config{Spec: router, Catalog: set}, map[string]bool{"plain": false, "s": true, "mixed": false, "nobody": false}},
		{"a flow", Config{Spec: flow, Catalog: set}, map[string]bool{"s": false}},
		{"a file", Config{Models: oneModel(t), Catalog: oneSet()}, map[string]bool{"w": true, "nobody": false}},
		{"a worker", Config{Models: settled("runtime: crewed\nfile: x.one\n"), Catalog: of(1)}, map[string]bool{"w": false}},
		{"workers", Config{Models: settled("runtime: crewed\nfile: x.one\n"), Catalog: of(2)}, map[string]bool{"w": true}},
		{"a worker that gets batches", Config{Models: settled("runtime: crewed\nfile: x.one\nbatching: {max_rows: 8}\n"), Catalog: of(1)}, map[string]bool{"w": true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			core := started(t, tt.config)
			for model, want := range tt.want {
				if got := core.independent(model); got != want {
					t.Errorf("%s: %v", model, got)
				}
			}
		})
	}
}
