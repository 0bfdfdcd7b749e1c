package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A roundTripper answers without a network, so that waiting takes no time.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var refused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

// TestRetries: what is sent again, how often, and after how long.
func TestRetries(t *testing.T) {
	infer := func(ctx context.Context, c *Client) error {
		_, err := c.Infer(ctx, &Request{Model: "m", Inputs: []*Tensor{NewTensor("x", []int8{1})}})
		return err
	}
	about := func(ctx context.Context, c *Client) error { _, err := c.ServerMetadata(ctx); return err }
	broken := errors.New("connection reset by peer")
	for _, tt := range []struct {
		name    string
		call    func(context.Context, *Client) error
		retries int
		status  int
		err     error
		after   string
		asked   int
		atMost  time.Duration
		atLeast time.Duration
	}{
		{name: "refused inference", call: infer, status: 503, asked: 3, atLeast: 75 * time.Millisecond, atMost: 150 * time.Millisecond},
		{name: "limited inference", call: infer, status: 429, after: "1", asked: 3, atLeast: 2 * time.Second, atMost: 2 * time.Second},
		{name: "a long wait", call: infer, status: 503, after: "3600", asked: 3, atLeast: 4 * time.Second, atMost: 4 * time.Second},
		{name: "no server", call: infer, err: refused, asked: 3, atLeast: 75 * time.Millisecond, atMost: 150 * time.Millisecond},
		{name: "broken inference", call: infer, err: broken, asked: 1},
		{name: "broken question", call: about, err: broken, asked: 3, atLeast: 75 * time.Millisecond, atMost: 150 * time.Millisecond},
		{name: "gateway", call: about, status: 502, asked: 3, atLeast: 75 * time.Millisecond, atMost: 150 * time.Millisecond},
		{name: "inference through a gateway", call: infer, status: 502, asked: 1},
		{name: "failed", call: infer, status: 500, asked: 1},
		{name: "unknown", call: about, status: 404, asked: 1},
		{name: "never", call: infer, retries: -1, status: 503, asked: 1},
		{name: "often", call: infer, retries: 9, status: 503, asked: 10, atLeast: 5 * time.Second, atMost: 12 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			c, err := New("h", &Options{Retries: tt.retries, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				asked++
				if tt.err != nil {
					return nil, tt.err
				}
				w := httptest.NewRecorder()
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(tt.status)
				return w.Result(), nil
			})})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = tt.call(t.Context(), c)
			if err == nil || asked != tt.asked {
				t.Errorf("%s: asked %d times, want %d: %v", tt.name, asked, tt.asked, err)
			}
			if d := time.Since(start); d < tt.atLeast || d > tt.atMost {
				t.Errorf("%s: waited %v, want %v to %v", tt.name, d, tt.atLeast, tt.atMost)
			}
			if tt.err != nil && (!errors.Is(err, tt.err) || CodeOf(err) != serve.Unavailable) {
				t.Errorf("%s: got %v", tt.name, err)
			}
		})
	}
}

// TestDeadline: a wait that the deadline does not allow is not begun, and calls
// without one end.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		c, err := New("h", &Options{Retries: 100, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if asked.Add(1) == 1 {
				return nil, refused
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.ServerMetadata(ctx); !errors.Is(err, refused) || asked.Load() != 1 {
			t.Errorf("got %v after %d questions", err, asked.Load())
		}
		start := time.Now()
		_, err = c.ServerMetadata(t.Context())
		if d := time.Since(start); d != time.Minute || CodeOf(err) != serve.Timeout {
			t.Errorf("got %v after %v", err, d)
		}
	})
}

// TestReuse: one connection does for calls that follow each other, failures too.
func TestReuse(t *testing.T) {
	var conns atomic.Int32
	web := httptest.NewUnstartedServer(says(http.StatusNotFound, `{"error":"no"}`))
	web.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	web.Start()
	t.Cleanup(web.Close)
	c, err := New(web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for range 20 {
		if _, err := c.ModelMetadata(t.Context(), "m", ""); CodeOf(err) != serve.NotFound {
			t.Error(err)
		}
	}
	if n := conns.Load(); n > 5 { // net/http takes another one where it hears more than 50 ms late that a request was written
		t.Errorf("%d connections for 20 calls", n)
	}
}
