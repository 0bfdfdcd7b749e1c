// Package echo is the leat server that the benchmarks measure against the
// floor: a router with one model that answers its inputs, with a deadline,
// metrics and a record of every inference, built as a program of its own would
// build it.
package echo

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// New returns a server of one model, named echo, and the recorder that counts
// what it serves.
func New() (*leat.Server, *Counter, error) { return NewWith(leat.Options{}) }

// NewWith is New with further options.
func NewWith(o leat.Options) (*leat.Server, *Counter, error) {
	set := catalog.Default.Clone()
	set.Add(v2.Class("Echo", Model))
	counter := &Counter{}
	spec := graph.NewRouter().AddModel("echo", "Echo", "", nil)
	o.Catalog, o.Recorder, o.Timeout = set, counter, 30*time.Second
	srv, err := leat.New(spec, &o)
	return srv, counter, err
}

// Model returns the model: it answers its inputs. It makes nothing of its own, so
// that what is measured is what is around it.
func Model() serve.Model { return model{} }

type model struct{}

func (model) Predict(_ context.Context, req *serve.Request) (any, error) {
	if len(req.Inputs) == 1 {
		return req.Inputs[0], nil
	}
	return req.Inputs, nil
}

// Counter is the cheapest useful recorder: counts of records, inferences and
// errors, and the sum of the durations. It is safe for concurrent use.
type Counter struct {
	Records, Inferences, Errors atomic.Int64
	Duration                    atomic.Int64 // ns
}

// Record implements serve.Recorder.
func (c *Counter) Record(serve.Record) { c.Records.Add(1) }

// Model implements v2.Observer.
func (c *Counter) Model(string, string) v2.Metrics { return c }

// ModelState implements v2.Observer.
func (c *Counter) ModelState(string, string, v2.Status) {}

// Begin implements v2.Metrics.
func (c *Counter) Begin() {}

// End implements v2.Metrics.
func (c *Counter) End(_ string, code serve.Code, d time.Duration) {
	c.Inferences.Add(1)
	c.Duration.Add(int64(d))
	if code != serve.OK {
		c.Errors.Add(1)
	}
}
