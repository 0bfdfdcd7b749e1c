package grpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/serve"
)

// A call is one call on its way, or a stream of them.
type call struct {
	s       *Server
	method  *method
	ctx     context.Context //nolint:containedctx // that the call is served under
	header  serve.Header
	traced  func(Outcome) // nil where nobody follows it
	start   time.Time
	id      string // of the last event; "" until there is one
	trailer metadata.MD
	in, out int

	model, version string

	member member
}

// begin begins a call, in the memory for it.
func (s *Server) begin(ctx context.Context, m *method, c *call) *call {
	c.s, c.method, c.ctx = s, m, ctx
	md, _ := metadata.FromIncomingContext(ctx)
	c.header = headerOf(md)
	if s.opts.Access != nil || s.opts.Tracer != nil {
		c.start = time.Now()
	}
	if m.stream {
		c.follow("")
	}
	return c
}

// follow has the call followed, once.
func (c *call) follow(model string) {
	if m := c.method; c.s.opts.Tracer != nil && !m.health && c.traced == nil {
		c.ctx, c.traced = c.s.opts.Tracer.Call(c.ctx, Calling{Service: m.service, Method: m.name, Model: model, Start: c.start}, c.header)
	}
}

// end reports a call, and is its result: an error of gRPC.
func (c *call) end(err error) error {
	c.follow(c.model)
	code, blame := codes.OK, false
	if err != nil {
		st := statusOf(err)
		code = st.Code()
		blame = blames(code) && !errors.Is(err, errSlow)
		c.advise(code)
		if c.traced != nil {
			c.traced(Outcome{Code: int(code), Model: c.model, Version: c.version, Failed: blame, Err: err})
		}
		err = st.Err()
	} else if c.traced != nil {
		c.traced(Outcome{Model: c.model, Version: c.version})
	}
	if c.trailer != nil {
		_ = gogrpc.SetTrailer(c.ctx, c.trailer) // fails when the client has gone
	}
	name := codeName(code)
	if m := c.s.opts.Metrics; m != nil {
		m.Called(c.method.name, name)
	}
	if a := c.s.opts.Access; a != nil {
		a.Called(c.info(name, blame))
	}
	return err
}

func (c *call) info(name string, blame bool) *CallInfo {
	i := &CallInfo{Method: c.method.name, Code: name, ID: c.id, Failed: blame, In: c.in, Out: c.out, Took: time.Since(c.start)}
	if p, ok := peer.FromContext(c.ctx); ok {
		i.Remote = p.Addr.String()
	}
	return i
}

// advise tells a client in the trailer of a failed call when to try again, as
// the retries of gRPC understand it, and under which ID the log has more.
func (c *call) advise(code codes.Code) {
	if code == codes.Unavailable || code == codes.ResourceExhausted {
		c.trail("grpc-retry-pushback-ms", "1000")
	}
	if c.id != "" && len(c.id) <= maxRequestID { // a longer one only MLRun's header can have made
		c.trail("x-request-id", c.id)
	}
}

// trail adds a field to the trailer, if it is one that gRPC can send.
func (c *call) trail(name, value string) {
	name = strings.ToLower(name)
	if ofHTTP[name] || !printable(value) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return
	}
	if c.trailer == nil {
		c.trailer = metadata.MD{}
	}
	c.trailer.Append(name, value)
}

// ofHTTP are fields of HTTP answers that have no place in a trailer.
var ofHTTP = map[string]bool{"": true, "content-length": true, "content-type": true, "connection": true, "transfer-encoding": true, "trailer": true}

// event makes an event of the call.
func (c *call) event(t serve.Target) *serve.Event {
	c.follow(t.Model)
	ev := serve.NewEvent(t, nil)
	ev.Header, ev.ID = c.header, eventID(c.header)
	c.id, c.model, c.version = ev.Identify(), t.Model, t.Version // now: later the event may be somebody else's
	return ev
}

// serve has an event served. A panic of the handler is an error that tells
// nothing but where in the log to look.
func (c *call) serve(ev *serve.Event) (out *serve.Event, err error) {
	if c.s.state.Load() == refusing {
		return nil, errShutDown
	}
	if c.member.is.call == nil {
		return c.bounded(ev)
	}
	all := c.method.office.crowd
	if all.enter(&c.member) {
		out, err = c.bounded(ev)
	} else {
		err = errShutDown
	}
	if all.leave(&c.member) {
		return nil, errShutDown
	}
	return out, err
}

// bounded is guarded with the time that there is for an answer.
func (c *call) bounded(ev *serve.Event) (*serve.Event, error) {
	if c.s.opts.Timeout <= 0 {
		return c.guarded(ev)
	}
	if w, ok := gogrpc.ServerTransportStreamFromContext(c.ctx).(statusWriter); ok && !c.method.stream {
		return c.timed(ev, w)
	}
	return c.watched(ev)
}

// A statusWriter is a call that can be ended before its handler returns, as one
// ends whose client goes away. Those of grpc-go can, though it does not say so.
type statusWriter interface {
	WriteStatus(st *status.Status) error
}

// timed is guarded, but the client is told when a handler is late. What the
// handler answers later is for nobody.
func (c *call) timed(ev *serve.Event, w statusWriter) (*serve.Event, error) {
	timer := time.AfterFunc(time.Until(ev.Time.Add(c.s.opts.Timeout+slack)), func() {
		_ = w.WriteStatus(statusOf(errLate)) // fails when the client has gone
	})
	out, err := c.guarded(ev)
	if !timer.Stop() {
		return nil, errLate
	}
	return out, err
}

func (c *call) guarded(ev *serve.Event) (out *serve.Event, err error) {
	defer c.caught(&err)
	return c.s.next.Serve(c.ctx, ev)
}

// caught turns a panic into an error. It is deferred.
func (c *call) caught(err *error) {
	p := recover()
	if p == nil {
		return
	}
	c.s.opts.Logger.Error("panic while serving a request", slog.String("id", c.id), slog.String("method", c.method.name),
		slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
	*err = serve.Errorf(serve.Internal, "", "internal error; the server's log has more under id %s", c.id)
}

// slack is what a handler that minds the deadline itself has to say so: its
// answer names the model, and of Python code the line, which the worker is asked for.
const slack = 100 * time.Millisecond

// watched is timed for calls that go on after a handler that is late, which ends
// by itself.
func (c *call) watched(ev *serve.Event) (*serve.Event, error) {
	type outcome struct {
		ev  *serve.Event
		err error
	}
	done := make(chan outcome, 1)
	c.s.late.Go(func() {
		out, err := c.guarded(ev)
		done <- outcome{out, err}
	})
	timer := time.NewTimer(time.Until(ev.Time.Add(c.s.opts.Timeout + slack)))
	defer timer.Stop()
	select {
	case o := <-done:
		return o.ev, o.err
	case <-timer.C:
		return nil, errLate
	}
}
