package rest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestRequestID: the id by which a gateway follows a request comes back with its
// answer, whatever that is; one that is no id does not, and harms nobody.
func TestRequestID(t *testing.T) {
	fine := answering(serve.ValueBody("x"), nil)
	stream := handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		if err := ev.Sink().Send(serve.ValueBody(int64(1))); err != nil {
			return nil, err
		}
		ev.EndStream()
		return ev, nil
	})
	for _, tt := range []struct {
		name    string
		handler serve.Handler
		target  string
		sent    []string
		want    []string
		status  int
	}{
		{"none", fine, "/", nil, nil, 200},
		{"one", fine, "/", []string{"r-1"}, []string{"r-1"}, 200},
		{"any printable", fine, "/", []string{` "r/1;\<>~`}, []string{` "r/1;\<>~`}, 200},
		{"the first of several", fine, "/", []string{"r-1", "r-2"}, []string{"r-1"}, 200},
		{"empty", fine, "/", []string{""}, nil, 200},
		{"the longest", fine, "/", []string{strings.Repeat("x", 128)}, []string{strings.Repeat("x", 128)}, 200},
		{"too long", fine, "/", []string{strings.Repeat("x", 129)}, nil, 200},
		{"a megabyte", fine, "/", []string{strings.Repeat("x", 1<<20)}, nil, 200},
		{"another answer", fine, "/", []string{"r\r\nSet-Cookie: a=b"}, nil, 200},
		{"a tab", fine, "/", []string{"a\tb"}, nil, 200},
		{"not ASCII", fine, "/", []string{"é"}, nil, 200},
		{"nothing to answer", filtering(), "/", []string{"r-1"}, []string{"r-1"}, 204},
		{"a failure", failing(errors.New("why")), "/", []string{"r-1"}, []string{"r-1"}, 500},
		{"a bad request", failing(serve.Errorf(serve.BadRequest, "", "why")), "/", []string{"r-1"}, []string{"r-1"}, 400},
		{"a panic", panicking("why"), "/", []string{"r-1"}, []string{"r-1"}, 500},
		{"no answer that can be sent", answering(serve.ValueBody(func() {}), nil), "/", []string{"r-1"}, []string{"r-1"}, 500},
		{"a step's own", answering(serve.ValueBody("x"), &serve.Reply{Header: serve.Header{"x-request-id": {"s-1"}}}), "/", []string{"r-1"}, []string{"s-1"}, 200},
		{"a stream", stream, "/v2/models/m/infer_stream", []string{"r-1"}, []string{"r-1"}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, mlrun := range []bool{false, true} {
				if mlrun && tt.name == "a stream" {
					continue
				}
				var header []string
				for _, id := range tt.sent {
					header = append(header, "X-Request-Id", id)
				}
				resp := ask(New(tt.handler, Options{MLRun: mlrun, Logger: slog.New(slog.DiscardHandler)}), http.MethodPost, tt.target, "{}", header...)
				want := tt.want
				if mlrun && tt.name != "a step's own" {
					want = nil
				}
				if d := cmp.Diff(want, resp.Header["X-Request-Id"]); d != "" || !mlrun && resp.StatusCode != tt.status {
					t.Errorf("mlrun=%v: %d (-want +got):\n%s", mlrun, resp.StatusCode, d)
				}
			}
		})
	}
}

// TestRequestIDOfWhatIsRefused: what never gets to a handler has its id as well: a body
// that is too large, and an answer that is late.
func TestRequestIDOfWhatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) {
			time.Sleep(time.Hour)
			return nil, nil
		})
		for status, o := range map[int]Options{413: {MaxBody: 1}, 504: {Timeout: time.Second}} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
			r.Header.Set("X-Request-Id", "r-1")
			New(slow, o).ServeHTTP(w, r)
			if resp := w.Result(); resp.StatusCode != status || resp.Header.Get("X-Request-Id") != "r-1" {
				t.Errorf("%d: got %d %v", status, resp.StatusCode, resp.Header)
			}
		}
	})
}

// TestRequestIDFromTheWire sends what no client of net/http would, on connections of
// their own.
func TestRequestIDFromTheWire(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(New(answering(serve.ValueBody("x"), nil), Options{}))
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	for _, tt := range []struct {
		name, field string
		status      int
		want        string
	}{
		{"one", "x-request-id: r-1\r\n", 200, "r-1"},
		{"folded", "X-Request-Id: r-1\r\n Set-Cookie: a=b\r\n", 200, "r-1 Set-Cookie: a=b"}, // one field, of two lines
		{"a carriage return", "X-Request-Id: r\rSet-Cookie: a=b\r\n", 400, ""},
		{"a zero", "X-Request-Id: r\x00\r\n", 400, ""},
		{"a megabyte", "X-Request-Id: " + strings.Repeat("x", 1<<20) + "\r\n", 431, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			go func() { // may be refused before all of it has been taken
				_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: 2\r\nConnection: close\r\n\r\n{}", tt.field)
			}()
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil && tt.status == 431 {
				return // the connection was reset behind the answer, of which nothing is left then
			}
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body) // the connection may be reset then
			if resp.StatusCode != tt.status || resp.Header.Get("X-Request-Id") != tt.want || resp.Header.Get("Set-Cookie") != "" {
				t.Errorf("got %d %v", resp.StatusCode, resp.Header)
			}
		})
	}
	if err := s.Shutdown(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
