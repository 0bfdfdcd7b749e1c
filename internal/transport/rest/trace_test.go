package rest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// A note is what a tracer was told of a request's end.
type note struct {
	Status int
	Err    string
}

// A tail is a tracer that gives requests a context of its own.
type tail struct{ ended []note }

type tailed struct{}

func (l *tail) Request(r *http.Request) (context.Context, func(int, error)) {
	r.Header.Set("Traceparent", "changed")
	return context.WithValue(r.Context(), tailed{}, true), func(status int, err error) {
		n := note{Status: status}
		if err != nil {
			n.Err = err.Error()
		}
		l.ended = append(l.ended, n)
	}
}

// TestTracer checks that requests are served under a tracer's context, and that
// it hears how each of them ended, once.
func TestTracer(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func() (*serve.Event, error)
		want note
	}{
		{"answered", func() (*serve.Event, error) { return &serve.Event{Body: serve.RawBody([]byte("1"))}, nil }, note{Status: 200}},
		{"filtered", func() (*serve.Event, error) { return nil, nil }, note{Status: 204}},
		{"failed", func() (*serve.Event, error) { return nil, errors.New("boom") }, note{500, "boom"}},
		{"refused", func() (*serve.Event, error) { return nil, serve.Errorf(serve.Limited, "", "slowly") }, note{429, "slowly"}},
		{"aborted", func() (*serve.Event, error) { panic(http.ErrAbortHandler) }, note{Status: statusGone}},
	} {
		spy := &tail{}
		h := New(handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
			if ctx.Value(tailed{}) == nil || ev.Header.Value("traceparent") != "changed" {
				t.Errorf("%s: served under another context, or with the header as it came", tt.name)
			}
			return tt.do()
		}), Options{Tracer: spy})
		func() {
			defer func() { _ = recover() }() // net/http's business
			ask(h, "POST", "/", "{}")
		}()
		if d := cmp.Diff([]note{tt.want}, spy.ended); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	spy := &tail{}
	h := New(handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) { panic("secret") }), Options{Tracer: spy})
	ask(h, "POST", "/", "{}", "X-Request-Id", "r1")
	if d := cmp.Diff([]note{{500, "internal error; the server's log has more under id r1"}}, spy.ended); d != "" {
		t.Errorf("panicked: %s", d)
	}
}

// TestTracerOfLateRequests checks that what the watchdog answers is told as it
// was answered, once the handler has ended.
func TestTracerOfLateRequests(t *testing.T) {
	spy, answered := &tail{}, make(chan struct{})
	h := New(handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) {
		<-answered
		return &serve.Event{}, nil
	}), Options{Tracer: spy, Timeout: time.Millisecond})
	srv := httptest.NewServer(h)
	resp, err := srv.Client().Post(srv.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	close(answered)
	srv.Close() // waits for the handler
	if d := cmp.Diff([]note{{504, errLate.Error()}}, spy.ended); d != "" || resp.StatusCode != 504 {
		t.Errorf("answered %d: %s", resp.StatusCode, d)
	}
}
