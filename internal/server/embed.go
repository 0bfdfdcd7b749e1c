package server

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/transport/grpc"
	"github.com/leat-ml/leat/internal/transport/rest"
)

// An Embedded is a server within somebody's program, which has transports of its
// own.
type Embedded struct {
	*Core
	traces *tracing.Tracing // nil for none
}

// Embed builds a server for a program: with the records of model endpoints in a
// database, that of the spec where it is "", and with spans of requests and steps
// sent as traces says, unless it is nil. It is closed even when it is not started.
func Embed(c Config, database string, traces *tracing.Config) (*Embedded, []graph.Problem, error) {
	if database == "" && c.Spec != nil {
		database = c.Spec.Database
	}
	if err := c.keepEndpoints(database); err != nil {
		return nil, nil, err
	}
	e := &Embedded{}
	if traces != nil {
		var err error
		if e.traces, err = tracing.Start(context.Background(), *traces, c.Logger); err != nil {
			return nil, nil, err
		}
		c.Trace = e.traces
	}
	var problems []graph.Problem
	if e.Core, problems = New(c); e.Core == nil {
		closeTraces(context.Background(), e.traces, c.Logger)
		return nil, problems, nil
	}
	return e, problems, nil
}

// keepEndpoints has the models recorded in a database; "" is none.
func (c *Config) keepEndpoints(database string) error {
	if database == "" {
		return nil
	}
	if err := endpoint.CheckURL(database); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	c.Endpoints = func(ctx context.Context, _ bool) (endpoint.Store, error) {
		return endpoint.Open(ctx, database, endpoint.Options{})
	}
	return nil
}

// Close closes the server, and sends the last spans.
func (e *Embedded) Close(ctx context.Context) error {
	err := e.Core.Close(ctx)
	closeTraces(ctx, e.traces, e.cfg.Logger)
	return err
}

// Tracer follows requests over HTTP; nil for nobody.
func (e *Embedded) Tracer() rest.Tracer {
	if e.traces == nil {
		return nil
	}
	return e.traces
}

// CallTracer follows calls over gRPC; nil for nobody.
func (e *Embedded) CallTracer() grpc.Tracer {
	if e.traces == nil {
		return nil
	}
	return rpcTracer{e.traces}
}
