package load

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// drive runs n requests on 4 connections against h.
func drive(t *testing.T, n int, h http.HandlerFunc, o Options) *Result {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	o.Addr = strings.TrimPrefix(srv.URL, "http://")
	if o.Request == nil {
		o.Request = Render("/echo", []byte("hello"))
	}
	o.Conns, o.Limit, o.Duration = 4, n, time.Hour
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	res, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRunCountsAnswers(t *testing.T) {
	var served atomic.Int64
	h := func(w http.ResponseWriter, r *http.Request) {
		switch n := served.Add(1); {
		case r.URL.Path != "/echo" || r.ContentLength != 5:
			http.Error(w, "bad request", 400)
		case n%10 == 0:
			http.Error(w, "overloaded", 503)
		case n%25 == 1:
			w.(http.Flusher).Flush() // chunked
			w.Write([]byte("right"))
		default:
			w.Write([]byte("right"))
		}
	}
	began, ended := false, false
	res := drive(t, 1000, h, Options{Begin: func() { began = true }, End: func() { ended = true }})
	if res.OK() != 900 || res.Refused != 100 || res.Failed() != 100 || res.First == nil || res.Reconnects != 0 {
		t.Errorf("got %d right, %d refused, %d failed, first %v, %d reconnects", res.OK(), res.Refused, res.Failed(), res.First, res.Reconnects)
	}
	if !began || !ended || res.Elapsed <= 0 || res.PerSecond() <= 0 {
		t.Errorf("began %v, ended %v, elapsed %v", began, ended, res.Elapsed)
	}
}

func TestRunVerifies(t *testing.T) {
	wrong := errors.New("wrong")
	verify := func(body []byte) error {
		if string(body) != "right" {
			return wrong
		}
		return nil
	}
	tests := []struct {
		name, answer string
		every, want  int
	}{
		{"the first of each connection", "wrong", 1 << 30, 4},
		{"every one", "wrong", 1, 100},
		{"none", "right", 1, 0},
	}
	for _, tt := range tests {
		all := newGathering(4) // or one connection may send every request before another has sent its first
		res := drive(t, 100, func(w http.ResponseWriter, _ *http.Request) {
			all.wait()
			w.Write([]byte(tt.answer))
		}, Options{Verify: verify, VerifyEvery: tt.every})
		if res.Wrong != tt.want || res.OK() != 100-tt.want || (tt.want > 0) != errors.Is(res.First, wrong) {
			t.Errorf("%s: got %d wrong, %d right, first %v", tt.name, res.Wrong, res.OK(), res.First)
		}
	}
	var served atomic.Int64
	longer := func(w http.ResponseWriter, _ *http.Request) {
		if served.Add(1) == 50 {
			w.Write([]byte("much longer"))
			return
		}
		w.Write([]byte("right"))
	}
	if res := drive(t, 100, longer, Options{Verify: verify, VerifyEvery: 1 << 30}); res.Wrong != 1 {
		t.Errorf("an answer of another length: %d wrong, want 1", res.Wrong)
	}
}

// A gathering holds its first visitors until there are as many as it was made for.
type gathering struct {
	missing atomic.Int64
	full    chan struct{}
}

func newGathering(n int64) *gathering {
	g := &gathering{full: make(chan struct{})}
	g.missing.Store(n)
	return g
}

func (g *gathering) wait() {
	if g.missing.Add(-1) == 0 {
		close(g.full)
	}
	<-g.full
}

func TestRunReconnects(t *testing.T) {
	var served atomic.Int64
	res := drive(t, 100, func(w http.ResponseWriter, _ *http.Request) {
		switch n := served.Add(1); {
		case n == 20:
			panic(http.ErrAbortHandler) // the connection is closed without an answer
		case n%25 == 0:
			w.Header().Set("Connection", "close")
		}
		w.Write([]byte("right"))
	}, Options{})
	if res.OK() != 99 || res.Broken != 1 || res.Reconnects != 5 {
		t.Errorf("got %d right, %d broken, %d reconnects, want 99, 1, 5", res.OK(), res.Broken, res.Reconnects)
	}
}

func TestRunTimesOut(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	res := drive(t, 10, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or the server does not notice that the client has gone
		if served.Add(1) == 3 {
			<-r.Context().Done()
		}
		w.Write([]byte("right"))
	}, Options{Timeout: 10 * time.Second})
	// A machine that stands still for that long makes more of them late.
	if res.Timeouts < 1 || res.Timeouts+res.OK() != 10 || !isTimeout(res.First) || res.Reconnects != res.Timeouts {
		t.Errorf("got %d timeouts, %d right, %d reconnects, first %v", res.Timeouts, res.OK(), res.Reconnects, res.First)
	}
}

func TestRunOpenLoop(t *testing.T) {
	res := drive(t, 50, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("right")) }, Options{Rate: 2000})
	if res.OK() != 50 || res.Failed() != 0 {
		t.Errorf("got %d right, %d failed", res.OK(), res.Failed())
	}
	if least := 49 * time.Second / 2000; res.Elapsed < least {
		t.Errorf("50 requests at 2000 a second took %v, less than %v", res.Elapsed, least)
	}
}

// A stall is paid by every request that was due in it.
func TestOpenLoopCountsFromTheDueInstant(t *testing.T) {
	var served atomic.Int64
	const stall = 200 * time.Millisecond
	res := drive(t, 400, func(w http.ResponseWriter, _ *http.Request) {
		if n := served.Add(1); n > 100 && n <= 104 { // all connections
			time.Sleep(stall)
		}
		w.Write([]byte("right"))
	}, Options{Rate: 1000})
	if got := res.Latency.Quantile(0.65); got < stall/4 {
		t.Errorf("a stall that delays 200 of 400 requests: the 65th percentile is %v", got)
	}
}

func TestRunRefusesOptions(t *testing.T) {
	for _, o := range []Options{{}, {Conns: 1, Duration: 1}, {Conns: 1, Request: []byte("x")}, {Request: []byte("x"), Duration: 1}, {Conns: 1, Duration: 1, Request: []byte("x"), Addr: "127.0.0.1:1"}} {
		if _, err := Run(context.Background(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
