package grpc

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// TestFailures has the status, and what the trailer tells besides.
func TestFailures(t *testing.T) {
	var log strings.Builder
	w := start(t, echo, Options{Logger: quiet(&log)})
	var trailer metadata.MD
	ctx := metadata.AppendToOutgoingContext(in(t), "x-request-id", "r7")
	_, err := w.ModelInfer(ctx, floats("unknown"), gogrpc.Trailer(&trailer))
	wantStatus(t, err, "NOT_FOUND", "doesnt exist")
	if got := trailer.Get("x-request-id"); len(got) != 1 || got[0] != "r7" {
		t.Errorf("the trailer is %v", trailer)
	}
	_, err = w.ModelInfer(in(t), floats("broken"))
	wantStatus(t, err, "INTERNAL", "the weights are gone")
	_, err = w.ModelInfer(ctx, floats("panics"))
	wantStatus(t, err, "INTERNAL", "the server's log has more under id r7")
	if strings.Contains(statusOf(err).Message(), "secret") || !strings.Contains(log.String(), "secret detail") {
		t.Errorf("the client is told %v, the log %s", err, log.String())
	}
}

// TestDeadline has the deadline of a client reach the handler.
func TestDeadline(t *testing.T) {
	seen := make(chan error, 1)
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("there is no deadline")
		}
		<-ctx.Done()
		select {
		case seen <- ctx.Err():
		default:
		}
		return nil, ctx.Err()
	}, Options{})
	for within := 50 * time.Millisecond; within < patience; within *= 2 { // until a request gets to the handler within its time
		ctx, cancel := context.WithTimeout(in(t), within)
		_, err := w.ModelInfer(ctx, floats("m"))
		cancel()
		wantStatus(t, err, "DEADLINE_EXCEEDED", "")
		if came(seen) {
			return
		}
	}
	t.Error("no request got to the handler")
}

// came says whether something comes within a second.
func came(c <-chan error) bool {
	select {
	case err := <-c:
		return err != nil
	case <-time.After(time.Second):
		return false
	}
}

// TestCanceled has the cancellation of a client reach the handler.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(in(t))
	seen := make(chan error, 1)
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		cancel()
		<-ctx.Done()
		seen <- ctx.Err()
		return nil, ctx.Err()
	}, Options{})
	_, err := w.ModelInfer(ctx, floats("m"))
	wantStatus(t, err, "CANCELLED", "")
	if err := <-seen; !errors.Is(err, context.Canceled) {
		t.Errorf("the handler saw %v", err)
	}
}

// TestTimeout has a handler that does not mind its time.
func TestTimeout(t *testing.T) {
	stop := make(chan struct{})
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if ev.Target.Model == "slow" {
			<-stop
		}
		return echo(ctx, ev)
	}, Options{Timeout: 20 * time.Millisecond})
	_, err := w.ModelInfer(in(t), floats("slow"))
	wantStatus(t, err, "DEADLINE_EXCEEDED", "the deadline passed")
	close(stop)
}

// TestShutdown has a request in flight end, a new one refused, a stream ended.
func TestShutdown(t *testing.T) {
	inside, letGo := make(chan struct{}), make(chan struct{})
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if ev.Target.Model == "slow" {
			close(inside)
			<-letGo
		}
		return echo(ctx, ev)
	}, Options{})
	s := w.stream(t)
	if err := s.Send(floats("m")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := w.ModelInfer(in(t), floats("slow"))
		got <- err
	}()
	<-inside
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(in(t), 0) }()
	_, err := s.Recv()
	wantStatus(t, err, "UNAVAILABLE", "shutting down")
	if w.server.ready() {
		t.Error("it is ready")
	}
	close(letGo)
	if err := <-got; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	_, err = w.ModelInfer(in(t), floats("m"))
	wantStatus(t, err, "UNAVAILABLE", "")
}

// TestShutdownLate has a request in a stream that does not end in time, nor when it is told.
func TestShutdownLate(t *testing.T) {
	inside, letGo, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	w := start(t, func(ctx context.Context, _ *serve.Event) (*serve.Event, error) {
		close(inside)
		<-ctx.Done()
		<-letGo
		close(ended)
		return nil, ctx.Err()
	}, Options{})
	s := w.stream(t)
	if err := s.Send(floats("slow")); err != nil {
		t.Fatal(err)
	}
	<-inside
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := w.server.Shutdown(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	_, err := s.Recv()
	wantStatus(t, err, "UNAVAILABLE", "")
	close(letGo)
	<-ended
}

// TestShutdownTells tells those who wait for an answer at the end of a shutdown why none
// comes, and what serves them that nobody does.
func TestShutdownTells(t *testing.T) {
	inside, ended := make(chan struct{}), make(chan error, 3)
	outcomes := make(calledTo, 4)
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if ev.Target.Model == "quick" {
			return echo(ctx, ev)
		}
		inside <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}, Options{Metrics: outcomes})
	got := make(chan error, cap(ended))
	for range cap(ended) {
		go func() {
			_, err := w.ModelInfer(in(t), floats("slow"))
			got <- err
		}()
		<-inside
	}
	if _, err := w.ModelInfer(in(t), floats("quick")); err != nil {
		t.Fatal(err)
	}
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(in(t), 0) }()
	<-w.server.closing
	w.server.end() // as it does a little before its time is over
	for range cap(ended) {
		wantStatus(t, <-got, "UNAVAILABLE", "the server is shutting down")
		<-ended
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"OK", "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"} {
		if code := <-outcomes; code != want {
			t.Errorf("a call is said to have ended with %s, want %s", code, want)
		}
	}
	for _, c := range w.server.crowds {
		if c.calls.first != nil {
			t.Error("calls that have ended are kept")
		}
	}
}

// TestShutdownEndsStreams tells the client of a stream that is served to the end of a
// shutdown why it ends.
func TestShutdownEndsStreams(t *testing.T) {
	inside := make(chan struct{})
	w := start(t, func(ctx context.Context, _ *serve.Event) (*serve.Event, error) {
		close(inside)
		<-ctx.Done()
		return nil, ctx.Err()
	}, Options{})
	s := w.stream(t)
	if err := s.Send(floats("m")); err != nil {
		t.Fatal(err)
	}
	<-inside
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(in(t), 0) }()
	<-w.server.closing
	w.server.end() // as it does a little before its time is over
	_, err := s.Recv()
	wantStatus(t, err, "UNAVAILABLE", "the server is shutting down")
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// A calledTo is told codes.
type calledTo chan string

func (c calledTo) Called(_, code string) { c <- code }

// A watcher notes what it is told.
type watcher struct {
	mu       sync.Mutex
	calls    []string
	infos    []CallInfo
	outcomes []Outcome
	wrong    []Calling // of which the model is another one in the end
	told     chan struct{}
}

func (w *watcher) Called(method, code string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, method+" "+code)
}

// An accessWatcher is what a watcher is told as an Access.
type accessWatcher struct{ *watcher }

func (w accessWatcher) Called(c *CallInfo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.infos = append(w.infos, *c)
	w.told <- struct{}{}
}

type ctxKey struct{}

func (w *watcher) Call(ctx context.Context, c Calling, header map[string][]string) (context.Context, func(Outcome)) {
	header["Traceparent"] = []string{c.Service + "/" + c.Method}
	return context.WithValue(ctx, ctxKey{}, c.Method), func(o Outcome) {
		w.mu.Lock()
		if c.Model != o.Model || c.Start.IsZero() {
			w.wrong = append(w.wrong, c)
		}
		defer w.mu.Unlock()
		w.outcomes = append(w.outcomes, o)
	}
}

// TestWatched has calls logged, counted and traced, and events with the trace.
func TestWatched(t *testing.T) {
	see := &watcher{told: make(chan struct{}, 10)}
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if got := ev.Header.Value("traceparent"); got != "inference.GRPCInferenceService/ModelInfer" || ctx.Value(ctxKey{}) != "ModelInfer" {
			t.Errorf("the event has the trace %q, its context %v", got, ctx.Value(ctxKey{}))
		}
		if ev.Header.Value("X-Own") != "1" || ev.Header["Content-Type"] != nil || ev.Target.Path != "/v2/models/a%2Fb/versions/2/infer" && ev.Target.Model != "broken" {
			t.Errorf("the event has the header %v, the path %s", ev.Header, ev.Target.Path)
		}
		return echo(ctx, ev)
	}, Options{Access: accessWatcher{see}, Metrics: see, Tracer: see})
	ctx := metadata.AppendToOutgoingContext(in(t), "x-own", "1", "x-request-id", "r1")
	req := floats("a/b")
	req.ModelVersion = "2"
	if _, err := w.ModelInfer(ctx, req); err != nil {
		t.Fatal(err)
	}
	<-see.told
	_, err := w.ModelInfer(ctx, floats("broken"))
	wantStatus(t, err, "INTERNAL", "")
	<-see.told
	_, err = w.ServerLive(ctx, &pb.ServerLiveRequest{}) // not traced
	if err != nil {
		t.Fatal(err)
	}
	<-see.told
	see.mu.Lock()
	defer see.mu.Unlock()
	if got := strings.Join(see.calls, ", "); got != "ModelInfer OK, ModelInfer INTERNAL, ServerLive OK" {
		t.Errorf("counted %s", got)
	}
	if i := see.infos[0]; i.ID != "r1" || i.In == 0 || i.Code != "OK" || i.Failed || i.Remote == "" {
		t.Errorf("logged %+v", i)
	}
	if i := see.infos[1]; i.Code != "INTERNAL" || !i.Failed {
		t.Errorf("logged %+v", i)
	}
	if len(see.wrong) > 0 || len(see.outcomes) != 2 || see.outcomes[0].Model != "a/b" || see.outcomes[0].Version != "2" || see.outcomes[1].Code != 13 || !see.outcomes[1].Failed {
		t.Errorf("traced %+v, begun as %+v", see.outcomes, see.wrong)
	}
}
