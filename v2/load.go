package v2

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/leat-ml/leat/serve"
)

// Start loads the model: before it returns, or in the background when the
// environment is asynchronous, in which case a failure is kept for requests,
// readiness and the log.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	if s.started || s.closed {
		s.mu.Unlock()
		return nil
	}
	s.started = true
	loading := context.WithoutCancel(ctx)
	if !s.Env.Async {
		loading = ctx
	}
	loading, s.cancel = context.WithCancel(loading)
	s.mu.Unlock()
	if s.shared != nil {
		close(s.loaded)
		s.setStatus(*s.shared)
		return nil
	}

	s.setStatus(Status{Phase: Loading})
	if s.Env.Async {
		go func() { _ = s.load(loading) }() // Close waits for s.loaded
		return nil
	}
	if err := s.load(loading); err != nil {
		return &serve.Error{Code: serve.Internal, Class: "RuntimeError", Op: "failed to load model " + s.label(), Err: err}
	}
	return nil
}

func (s *Server) load(ctx context.Context) error {
	defer close(s.loaded)
	start := time.Now()
	err := s.loadModel(ctx)
	took := time.Since(start)
	if err != nil {
		s.setStatus(Status{Phase: Failed, Err: err, LoadTime: took})
		if s.Env.Async { // else the caller of Start tells
			s.logger().Error("model failed to load", "error", err, "seconds", took.Seconds())
		}
		return err
	}
	s.describe()
	s.setStatus(Status{Phase: Ready, LoadTime: took})
	s.logger().Debug("model loaded", "seconds", took.Seconds())
	return nil
}

func (s *Server) loadModel(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = s.panicked("load", p)
		}
	}()
	if l, ok := s.Model.(serve.Loader); ok && !s.Loaded {
		if err := l.Load(ctx, s.ctx); err != nil {
			return err
		}
	}
	if w, ok := s.Model.(serve.Warmer); ok {
		if err := w.Warm(ctx); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	return ctx.Err()
}

// describe takes over what the loaded model tells of itself, over what its
// artifact said.
func (s *Server) describe() {
	desc, old := serve.Description{Streams: s.hooks.stream != nil}, s.desc.Load()
	if d, ok := s.Model.(serve.Describer); ok {
		desc = d.Describe()
	}
	if len(desc.Features) == 0 {
		desc.Features = old.Features
	}
	if len(desc.Labels) == 0 {
		desc.Labels = old.Labels
	}
	desc.StreamsOnly = desc.StreamsOnly || serve.StreamsOnly(s.Model)
	s.desc.Store(&desc)
}

// setStatus notes the phase unless the server is closed.
func (s *Server) setStatus(st Status) {
	if st.Since.IsZero() {
		st.Since = time.Now()
	}
	s.mu.Lock()
	if s.closed && st.Phase != Closed {
		s.mu.Unlock()
		return
	}
	s.status.Store(&st)
	s.mu.Unlock()
	if o, ok := s.Env.Recorder.(Observer); ok {
		o.ModelState(s.Name, s.Version, st)
	}
}

// Close waits for loading and for inferences to end, or for ctx, and releases
// the model, unless another server shares it. Requests that come later are told that the model is not ready.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	started, cancel := s.started, s.cancel
	s.mu.Unlock()
	if !first {
		return nil
	}
	if started {
		cancel()
		if err := s.whenLoaded(ctx); err != nil {
			return err
		}
	}
	s.setStatus(Status{Phase: Closed, Err: s.status.Load().Err}) // why it failed is still why
	if err := s.drain(ctx); err != nil {
		return err
	}
	return s.letGo(ctx, s.holding)
}

// whenLoaded waits until the model has loaded, or has failed to.
func (s *Server) whenLoaded(ctx context.Context) error {
	select {
	case <-s.loaded: // however late it is
		return nil
	default:
	}
	select {
	case <-s.loaded:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close model %s: it is still loading: %w", s.label(), ctx.Err())
	}
}

// letGo leaves a holding of the model, and closes the model if nobody has it
// any more.
func (s *Server) letGo(ctx context.Context, h *holding) error {
	c, ok := s.Model.(serve.Closer)
	if !h.leave() || !ok {
		return nil
	}
	if err := c.Close(ctx); err != nil {
		return fmt.Errorf("close model %s: %w", s.label(), err)
	}
	return nil
}

// drain waits until no inference runs. New ones are refused by then, so the
// lock comes free.
func (s *Server) drain(ctx context.Context) error {
	for !s.calls.TryLock() {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("close model %s: inferences are still running: %w", s.label(), ctx.Err())
		}
	}
	s.calls.Unlock()
	return nil
}

// await returns nil once the model is ready. A caller that waits for an answer
// is told at once that it is not; an event of a stream waits as long as the
// model is loading, and no longer.
func (s *Server) await(ctx context.Context, tr serve.Trigger) error {
	st := s.status.Load()
	if st.Phase == Ready {
		return nil
	}
	if tr.Waits() && (st.Phase == Pending || st.Phase == Loading) {
		select {
		case <-s.loaded:
			st = s.status.Load()
		case <-ctx.Done():
			return ctx.Err()
		}
		if st.Phase == Ready {
			return nil
		}
	}
	return s.notReady(st)
}

func (s *Server) notReady(st *Status) error {
	if s.Env.MLRun {
		if st.Err != nil {
			return serve.Errorf(serve.Unavailable, "RuntimeError", "model %s is not ready %w", s.Name, st.Err)
		}
		return serve.Errorf(serve.Unavailable, "RuntimeError", "model %s is not ready yet", s.Name)
	}
	return serve.Errorf(serve.Unavailable, "RuntimeError", "model %s is not ready yet: %s", s.label(), st.reason())
}

// reason is why a model is not ready, in words.
func (st *Status) reason() string {
	switch st.Phase {
	case Failed:
		return "it has failed: " + st.Err.Error()
	case Closed:
		return "it has been unloaded"
	case Pending:
		return "it has not been started"
	}
	return "it is still loading"
}

var errPanic = errors.New("the model panicked; the log has the details")

// panicked turns what the model's code threw into an error. The stack goes to
// the log only.
func (s *Server) panicked(doing string, p any) error {
	s.logger().Error("model panicked", "doing", doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return errPanic
}
