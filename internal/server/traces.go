package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/transport/rest"
	"github.com/leat-ml/leat/serve"
)

// A passer is a tracer that steps can pass the trace on with.
type passer interface {
	Inject(ctx context.Context, header map[string][]string)
	Note(ctx context.Context, key, value string)
}

// A named tracer tells of steps which function they are of.
type named struct {
	graph.Tracer
	passer
	function string
}

// Enter implements graph.Tracer.
func (n *named) Enter(ctx context.Context, step string, ev *serve.Event) (context.Context, func(*serve.Event, serve.Fate, error)) {
	in, leave := n.Tracer.Enter(ctx, step, ev)
	n.Note(in, "leat.graph", n.function)
	return in, leave
}

// tracer is what the graph is followed by.
func (c *Config) tracer() graph.Tracer {
	p, ok := c.Trace.(passer)
	if !ok || c.Spec == nil || c.Spec.FunctionURI == "" {
		return c.Trace
	}
	return &named{Tracer: c.Trace, passer: p, function: c.Spec.FunctionURI}
}

// lastSpans is how long a server that stops waits for the collector of traces,
// which may not be there. Tests are more patient.
var lastSpans = 5 * time.Second

// trace starts to send spans, and has requests and steps followed. It returns
// nil where there are to be none.
func (c *RunConfig) trace(ctx context.Context, tel *telemetry.Telemetry) (*tracing.Tracing, error) {
	c.Traced = tracing.NewSettings(c.Traces != nil)
	if c.Traces == nil {
		return nil, nil
	}
	to := *c.Traces
	to.Settings = c.Traced
	t, err := tracing.Start(ctx, to, c.Logger)
	if err != nil {
		return nil, err
	}
	if c.Logger != nil {
		c.Logger.Info("sending traces", "to", c.Traces.Endpoint)
	}
	c.Trace = t
	tel.CountSpans(t)
	return t, nil
}

// tracer is what the transport tells of requests; nil for nobody.
func (r *running) tracer() rest.Tracer {
	if r.traces == nil {
		return nil
	}
	return r.traces
}

// closeTraces sends the last spans. That they do not arrive is no failure of the
// server.
func closeTraces(ctx context.Context, t *tracing.Tracing, logger *slog.Logger) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastSpans)
	defer cancel()
	if err := t.Close(ctx); err != nil && logger != nil {
		logger.Warn("traces are lost", "error", err)
	}
}
