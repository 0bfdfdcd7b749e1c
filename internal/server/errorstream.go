package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// What waits for the error stream, and of an event what is kept there.
const (
	maxFailures     = 1024
	maxFailureBytes = 16 << 20
	maxFailedBody   = 256 << 10
)

// An errorSink appends what is known of events that have failed to the error
// stream of the spec, in the background: those that fail wait for nothing. What
// there is no room for is counted and left out.
type errorSink struct {
	queue   serve.Step
	cfg     *Config
	env     *catalog.Env
	host    string
	pending chan []byte
	bytes   atomic.Int64 // that wait
	lost    atomic.Int64

	done    chan struct{} // closed by Close
	working sync.WaitGroup
	life    context.Context //nolint:containedctx // of appending, until Close cannot wait
	cancel  context.CancelFunc
	closed  sync.Once
}

// openErrors makes the sink of the spec's error stream, if it has one. MLRun's
// specs name streams that only its platform has; they are served without.
func (g *generation) openErrors(o graph.Options) []graph.Problem {
	url := g.cfg.Spec.ErrorStream
	if url == "" {
		return nil
	}
	s, err := newErrorSink(&g.cfg, url, o)
	if err != nil {
		return []graph.Problem{{
			File: g.cfg.Spec.File, Pos: g.cfg.Spec.ErrorStreamPos, Warning: g.cfg.MLRun,
			Msg: fmt.Sprintf("error_stream: %v", err),
		}}
	}
	g.errors = s
	o.Env.ErrorStream, o.Env.Failed = url, s.failed
	return nil
}

func newErrorSink(c *Config, url string, o graph.Options) (*errorSink, error) {
	entry := o.Catalog.Lookup("queue")
	if entry == nil {
		return nil, errors.New("this program has no queues over streams")
	}
	env := *o.Env
	queue, err := entry.New(catalog.Args{
		Name: "error_stream", Env: &env, Values: map[string]any{"path": url, "engine": "async"},
	})
	if err != nil {
		return nil, err
	}
	s := &errorSink{queue: queue, cfg: c, env: o.Env, pending: make(chan []byte, maxFailures), done: make(chan struct{})}
	s.host, _ = os.Hostname() // "" is as good as any
	s.life, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

func (s *errorSink) start(ctx context.Context) error {
	if q, ok := s.queue.(serve.Starter); ok {
		if err := q.Start(ctx); err != nil {
			return fmt.Errorf("error stream: %w", err)
		}
	}
	s.working.Go(s.work)
	return nil
}

// Close appends what waits, or gives up when ctx ends.
func (s *errorSink) Close(ctx context.Context) (err error) {
	s.closed.Do(func() {
		close(s.done)
		stop := context.AfterFunc(ctx, s.cancel)
		s.working.Wait()
		stop()
		s.cancel()
		if n := s.lost.Load(); n > 0 {
			s.cfg.Logger.Warn("failures were left out of the error stream", "failures", n)
		}
		if q, ok := s.queue.(serve.Closer); ok {
			err = q.Close(ctx)
		}
	})
	return err
}

// work appends until Close, and then what is left.
func (s *errorSink) work() {
	for {
		select {
		case record := <-s.pending:
			s.append(record)
			continue
		case <-s.done:
		}
		for {
			select {
			case record := <-s.pending:
				s.append(record)
			default:
				return
			}
		}
	}
}

// append appends one record. The queue tells when none gets in.
func (s *errorSink) append(record []byte) {
	s.bytes.Add(int64(-len(record)))
	if _, err := s.queue.Do(s.life, &serve.Event{Body: serve.RawBody(record)}); err != nil {
		s.lost.Add(1)
	}
}

// An errorRecord is what MLRun pushes of an event that has failed (format_error
// in its server.py).
type errorRecord struct {
	FunctionURI string         `json:"function_uri"`
	Worker      int            `json:"worker"`
	Host        string         `json:"host"`
	Source      string         `json:"source"` // the step
	Event       failedEvent    `json:"event"`
	Message     string         `json:"message"`
	Args        map[string]any `json:"args"`
}

type failedEvent struct {
	ID   string `json:"id"`
	Body any    `json:"body"` // text where it is no JSON
}

// failed has a failure appended, if there is room.
func (s *errorSink) failed(f catalog.Failure) {
	r := errorRecord{
		FunctionURI: s.env.FunctionURI, Host: s.host, Source: f.Step,
		Event: failedEvent{ID: f.Event}, Message: f.Err.Error(), Args: map[string]any{},
	}
	switch text, err := oip.AppendBody(nil, f.Body); {
	case err != nil:
		r.Args["body"] = "left out: " + err.Error()
	case len(text) > maxFailedBody:
		r.Args["body"] = fmt.Sprintf("left out: it has %d bytes", len(text))
	case json.Valid(text):
		r.Event.Body = json.RawMessage(text)
	case len(text) > 0:
		r.Event.Body = string(text)
	}
	record, err := json.Marshal(r)
	if err != nil || s.bytes.Add(int64(len(record))) > maxFailureBytes {
		s.bytes.Add(int64(-len(record)))
		s.lost.Add(1)
		return
	}
	select {
	case s.pending <- record:
	default:
		s.bytes.Add(int64(-len(record)))
		s.lost.Add(1)
	}
}

// offer is Offer of one of the graphs of g. When an event of the spec's graph
// fails, the error stream gets what it was when it came: afterwards it may still
// be in other hands.
func (g *generation) offer(ctx context.Context, to *graph.Graph, ev *serve.Event) (*serve.Event, bool, error) {
	if g.errors == nil || to != g.graph {
		return to.Offer(ctx, ev)
	}
	f := catalog.Failure{Event: ev.Identify(), Body: ev.Body}
	out, ok, err := to.Offer(ctx, ev)
	if ok && err != nil {
		f.Step, f.Err = stepOf(err), err
		g.errors.failed(f)
	}
	return out, ok, err
}

// stepOf is the step that an error names; MLRun calls the graph as a whole
// "_handler".
func stepOf(err error) string {
	var e *serve.Error
	if errors.As(err, &e) {
		if _, step, ok := strings.Cut(e.Op, "step "); ok {
			return step
		}
	}
	return "_handler"
}

func isError(p graph.Problem) bool { return !p.Warning }
