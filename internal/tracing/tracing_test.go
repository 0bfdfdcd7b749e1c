package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/internal/tracing/tracetest"
	"github.com/leat-ml/leat/serve"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// An exporter takes spans as fast and as well as it is told to.
type exporter struct {
	mu    sync.Mutex
	took  time.Duration
	fails bool
	names []string
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	select {
	case <-time.After(e.took):
	case <-ctx.Done():
		return ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fails {
		return errors.New("nobody is there")
	}
	for _, s := range spans {
		e.names = append(e.names, s.Name())
	}
	return nil
}

func (e *exporter) Shutdown(context.Context) error { return nil }

// record returns an event of a stream.
func record() *serve.Event { return &serve.Event{Trigger: serve.Trigger{Kind: "stream"}} }

// step runs a step of one event.
func step(ctx context.Context, t *Tracing, name string, ev *serve.Event, err error) {
	_, leave := t.Enter(ctx, name, ev)
	leave(ev, serve.Pass, err)
}

// TestQueue checks that spans beyond the room are counted as lost and delay
// nobody, whatever the collector does, and that all are sent or lost in the end.
func TestQueue(t *testing.T) {
	for _, tt := range []struct {
		name               string
		exporter           *exporter
		spans, room        int
		sent, full, failed uint64
		log                string
		closes             time.Duration // how long closing takes
		closeErr           bool
	}{
		{name: "well", sent: 8, spans: 8, room: 8, exporter: &exporter{}},
		{name: "overrun", sent: 8, full: 12, spans: 20, room: 8, exporter: &exporter{took: time.Second}, closes: time.Second, log: "spans=12"},
		{name: "refused", failed: 8, spans: 8, room: 8, exporter: &exporter{fails: true}, log: `spans=8 error="nobody is there"`},
		{name: "stuck", failed: 8, full: 2, spans: 10, room: 8, exporter: &exporter{took: time.Hour}, closes: 5 * time.Second, closeErr: true, log: "spans=10"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			tr, err := start(t.Context(), Config{Queue: tt.room}, tt.exporter, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			for range tt.spans {
				step(t.Context(), tr, "s", record(), nil)
			}
			if took := time.Since(begin); took > 0 {
				t.Errorf("%s: the steps were held up for %v", tt.name, took)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := tr.Close(ctx); (err != nil) != tt.closeErr {
				t.Errorf("%s: close: %v", tt.name, err)
			}
			if took := time.Since(begin); took != tt.closes {
				t.Errorf("%s: closing took %v, want %v", tt.name, took, tt.closes)
			}
			synctest.Wait()
			full, failed := tr.Lost()
			if tr.Sent() != tt.sent || full != tt.full || failed != tt.failed {
				t.Errorf("%s: sent %d, lost %d and %d; want %d, %d, %d", tt.name, tr.Sent(), full, failed, tt.sent, tt.full, tt.failed)
			}
			if !strings.Contains(log.String(), tt.log) || tt.log == "" && log.Len() > 0 {
				t.Errorf("%s: log %q, want %q", tt.name, log.String(), tt.log)
			}
			step(t.Context(), tr, "late", record(), nil) // harmless
		})
	}
}

// TestTold checks that a collector which stays away is in the log once a minute.
func TestTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr, err := start(t.Context(), Config{}, &exporter{fails: true}, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 * 60 {
			step(t.Context(), tr, "s", record(), nil)
			time.Sleep(time.Second)
		}
		if n := strings.Count(log.String(), "\n"); n < 9 || n > 11 {
			t.Errorf("%d lines in 10 minutes:\n%s", n, log.String())
		}
		if err := tr.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestFailedStream has a request fail whose answer had begun.
func TestFailedStream(t *testing.T) {
	var c tracetest.Collector
	srv := httptest.NewServer(&c)
	defer srv.Close()
	tr, err := Start(t.Context(), Config{Endpoint: srv.URL + "/v1/traces"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, end := tr.Request(httptest.NewRequest("POST", "/v2/models/m/infer_stream", nil))
	end(200, serve.Errorf(serve.Timeout, "", "too late"))
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if got := c.Spans(); len(got) != 1 || !got[0].Failed || got[0].Message != "too late" || got[0].Attributes["error.type"] != "timeout" || got[0].Attributes["http.response.status_code"] != "200" {
		t.Errorf("got %+v", got)
	}
}

// TestHostile sends what clients and steps may come up with, and has a collector
// understand all of it.
func TestHostile(t *testing.T) {
	var c tracetest.Collector
	srv := httptest.NewServer(&c)
	defer srv.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=s%20t")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=mine,deployment.environment.name=test")
	tr, err := Start(t.Context(), Config{Endpoint: srv.URL + "/v1/traces"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Repeat("\xff\xc0x", 3000)
	r := httptest.NewRequest("POST", "/v2/models/%ff/infer", nil)
	r.Method, r.Host, r.RemoteAddr = "B\xffEW", bad, bad
	r.URL.RawPath, r.URL.Path = "/v2/models/\xff/infer", "/v2/models/\xff/infer"
	r.Header = http.Header{"User-Agent": {bad}, "Traceparent": {bad}, "Tracestate": {bad}}
	ctx, end := tr.Request(r)
	ev := &serve.Event{ID: bad, Fault: &serve.Fault{Step: bad, Handler: "s"}}
	step(ctx, tr, "s", ev, errors.New(bad))
	tr.Note(ctx, "leat.model.name", bad)
	end(500, errors.New(bad))
	// Headers of events that name nothing, or too much.
	for _, h := range []serve.Header{
		nil, {"Traceparent": nil}, {"Traceparent": {bad}, "Tracestate": nil}, {"Traceparent": {"", bad, bad}},
		{"Traceparent": manyParents(1000)},
	} {
		step(context.Background(), tr, "s", &serve.Event{Header: h, Trigger: serve.Trigger{Kind: "stream", Name: bad}}, nil)
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if len(c.Problems()) > 0 || tr.Sent() != 7 || len(c.Spans()) != 7 {
		t.Errorf("%d spans came, %v", len(c.Spans()), c.Problems())
	}
	for _, s := range c.Spans() {
		if s.Service != "mine" {
			t.Errorf("span %s is of %s", s.Name, s.Service)
		}
		for k, v := range s.Attributes {
			if len(v) > 2*maxText {
				t.Errorf("%s has %d bytes", k, len(v))
			}
		}
	}
	if got := c.Requests()[0].Header.Get("X-Key"); got != "s t" {
		t.Errorf("the header of the environment is %q", got)
	}
}

func manyParents(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("00-%032x-%016x-01", i+1, i+1)
	}
	return all
}

// TestLinks checks where the span of a batch belongs.
func TestLinks(t *testing.T) {
	var c tracetest.Collector
	srv := httptest.NewServer(&c)
	defer srv.Close()
	tr, err := Start(t.Context(), Config{Endpoint: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	step(context.Background(), tr, "batch", &serve.Event{Header: serve.Header{"Traceparent": manyParents(3)}}, nil)
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
	s := c.Spans()[0]
	if s.Trace != fmt.Sprintf("%032x", 1) || s.Parent != fmt.Sprintf("%016x", 1) {
		t.Errorf("the batch is in trace %s below %s", s.Trace, s.Parent)
	}
	if d := cmp.Diff([]string{fmt.Sprintf("%016x", 2), fmt.Sprintf("%016x", 3)}, s.Links); d != "" {
		t.Error(d)
	}
}

// TestInject checks what a server that is called learns.
func TestInject(t *testing.T) {
	tr, err := start(t.Context(), Config{}, &exporter{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close(t.Context())
	none := map[string][]string{}
	tr.Inject(context.Background(), none)
	if len(none) > 0 {
		t.Errorf("without a trace: %v", none)
	}
	for _, flags := range []string{"00", "01"} {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"+flags)
		r.Header.Set("Tracestate", "vendor=1")
		ctx, end := tr.Request(r)
		h := map[string][]string{}
		tr.Inject(ctx, h)
		end(200, nil)
		parent := strings.Split(http.Header(h).Get("Traceparent"), "-")
		if len(parent) != 4 || parent[1] != "0af7651916cd43dd8448eb211c80319c" || (parent[2] == "b7ad6b7169203331") != (flags == "00") || parent[3] != flags {
			t.Errorf("flags %s: %v", flags, h)
		}
		if http.Header(h).Get("Tracestate") != "vendor=1" || http.Header(h).Get("Traceparent") != r.Header.Get("Traceparent") {
			t.Errorf("flags %s: %v, and the event has %v", flags, h, r.Header)
		}
	}
}

// TestBegin checks which events begin a trace.
func TestBegin(t *testing.T) {
	parent := serve.Header{"Traceparent": manyParents(1)}
	for _, tt := range []struct {
		name  string
		ev    *serve.Event
		spans int
	}{
		{"the server's own", &serve.Event{}, 0},
		{"of a request that is over", &serve.Event{Header: parent}, 1},
		{"of a stream", record(), 1},
		{"of a stream, with a trace", &serve.Event{Header: parent, Trigger: record().Trigger}, 1},
	} {
		e := &exporter{}
		tr, err := start(t.Context(), Config{}, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		step(context.Background(), tr, "s", tt.ev, nil)
		if err := tr.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if len(e.names) != tt.spans {
			t.Errorf("%s: spans %v", tt.name, e.names)
		}
	}
}

// TestBadResource checks that attributes that cannot be read are refused.
func TestBadResource(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team")
	if _, err := start(t.Context(), Config{}, &exporter{}, nil); err == nil || !strings.Contains(err.Error(), "read OTEL_RESOURCE_ATTRIBUTES") {
		t.Errorf("error %v", err)
	}
}
