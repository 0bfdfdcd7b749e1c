// Package echoserver is the leat server that the benchmarks measure against the
// floor: a router with the model of bench/echo, with a deadline, metrics and a
// record of every inference, built as a program of its own would build it.
package echoserver

import (
	"context"
	"fmt"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/bench/echo"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// New returns a server of one model, named echo, and the recorder that counts
// what it serves.
func New() (*leat.Server, *echo.Counter, error) {
	set := catalog.Default.Clone()
	set.Add(v2.Class("Echo", echo.Model))
	counter := &echo.Counter{}
	spec := graph.NewRouter().AddModel("echo", "Echo", "", nil)
	srv, err := leat.New(spec, &leat.Options{Catalog: set, Recorder: counter, Timeout: 30 * time.Second})
	return srv, counter, err
}

// Ask asks the server in process. stop releases it and fails when an inference was
// not counted and recorded.
func Ask(ctx context.Context, path string, body []byte) (op, stop func() error, err error) {
	srv, counter, err := New()
	if err != nil {
		return nil, nil, err
	}
	if err := srv.Start(ctx); err != nil {
		return nil, nil, err
	}
	target := serve.Target{Method: "POST", Path: path}
	var out []byte
	asked := int64(0)
	op = func() error {
		asked++
		ev, err := srv.Serve(ctx, serve.NewEvent(target, body))
		if err != nil {
			return err
		}
		out, err = oip.AppendBody(out[:0], ev.Body)
		return err
	}
	stop = func() error {
		if r, i := counter.Records.Load(), counter.Inferences.Load(); r != asked || i != asked {
			return fmt.Errorf("%d inferences were asked for, %d counted, %d recorded", asked, i, r)
		}
		return srv.Close(ctx)
	}
	return op, stop, nil
}
