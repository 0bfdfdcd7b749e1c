// Package echo is the model and the recorder that the benchmarks measure leat
// with. It imports the engine alone, and no server.
package echo

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

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
