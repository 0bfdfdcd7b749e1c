// A model server with a model class of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// Scale is a model that multiplies every number by a factor.
type Scale struct{ factor float64 }

// Load is called once. A model that is read from files finds them with
// m.GetModel.
func (s *Scale) Load(_ context.Context, m *serve.ModelContext) (err error) {
	s.factor, err = serve.Param(m, "factor", 1.0)
	return err
}

// Predict is called for every request, by many at the same time.
func (s *Scale) Predict(_ context.Context, req *serve.Request) (any, error) {
	values, columns, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	out := make([][]float64, 0, len(values))
	for len(values) > 0 {
		row := make([]float64, columns)
		for i, v := range values[:columns] {
			row[i] = v * s.factor
		}
		out, values = append(out, row), values[columns:]
	}
	return out, nil
}

// newServer returns a server with one model of the class, named "scale".
func newServer() (*leat.Server, error) {
	classes := catalog.Default.Clone()
	classes.Add(v2.Class("Scale", func() serve.Model { return &Scale{} }))
	spec := graph.NewRouter().AddModel("scale", "Scale", "", map[string]any{"factor": 2.0})
	return leat.New(spec, &leat.Options{Catalog: classes})
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv, err := newServer()
	if err == nil {
		fmt.Println(`curl 127.0.0.1:8080/v2/models/scale/infer -d '{"inputs": [[1, 2, 3]]}'`)
		err = srv.ListenAndServe(ctx, "127.0.0.1:8080")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
