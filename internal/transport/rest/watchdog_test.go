package rest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// recorder is a ResponseWriter that tells when it was written to, and whether
// it was flushed. The race detector watches it.
type recorder struct {
	sink
	status  int
	at      time.Time
	body    string
	flushed bool
}

func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Flush()                 { r.flushed = true }
func (r *recorder) Write(p []byte) (int, error) {
	r.at = time.Now()
	r.body += string(p)
	return len(p), nil
}

// stubborn works for so long, whatever the context says.
func stubborn(d time.Duration) serve.Handler {
	return handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		time.Sleep(d)
		ev.Body = serve.ValueBody("answer")
		return ev, nil
	})
}

func TestWatchdog(t *testing.T) {
	const late = `{"error":"the deadline passed before the answer was ready"}`
	tests := []struct {
		name   string
		mlrun  bool
		work   time.Duration
		status int // 0 is 200
		body   string
		after  time.Duration
	}{
		{"in time", false, 500 * time.Millisecond, 0, "answer", 500 * time.Millisecond},
		{"a little late", false, time.Second + slack/2, 0, "answer", time.Second + slack/2},
		{"late", false, time.Hour, 504, late, time.Second + slack},
		{"late, MLRun", true, time.Hour, 400, "TimeoutError: the deadline passed before the answer was ready", time.Second + slack},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				codes := new(counter)
				h := New(stubborn(tt.work), Options{Timeout: time.Second, MLRun: tt.mlrun, Metrics: codes})
				for range 3 { // calls are used again
					start := time.Now()
					w := &recorder{sink: sink{http.Header{}}}
					r, _ := http.NewRequest(http.MethodPost, "/", http.NoBody)
					h.ServeHTTP(w, r)
					if w.status != tt.status || w.body != tt.body || w.at.Sub(start) != tt.after {
						t.Errorf("got %d %s after %v", w.status, w.body, w.at.Sub(start))
					}
					if isLate := tt.status != 0; w.flushed != isLate || (w.head.Get("Connection") == "close") != isLate || (w.head.Get("Content-Length") != "") != isLate {
						t.Errorf("flushed %v, header %v", w.flushed, w.head)
					}
				}
				want := max(tt.status, 200)
				if d := cmp.Diff([]int{want, want, want}, codes.statuses); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestWatchdogAndPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
			if ev.ID == "late" {
				time.Sleep(time.Hour)
			}
			panic("boom")
		}), Options{Timeout: time.Second})
		for id, want := range map[string]int{"early": 500, "late": 504} {
			if resp := ask(h, http.MethodPost, "/", "", "X-Request-Id", id); resp.StatusCode != want {
				t.Errorf("%s: got %d", id, resp.StatusCode)
			}
		}
	})
}

// TestWatchdogOfMany has calls end in any order around their deadlines: each
// is answered once, at its end or its deadline, whichever comes first.
func TestWatchdogOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = time.Second
		h := New(handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
			d, _ := time.ParseDuration(ev.ID)
			time.Sleep(d)
			return ev, nil
		}), Options{Timeout: timeout})
		var wg sync.WaitGroup
		for i := range 2000 {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			work := time.Duration(rng.Int64N(int64(3 * timeout)))
			begin := time.Duration(rng.Int64N(int64(5 * timeout)))
			wg.Go(func() {
				time.Sleep(begin)
				start := time.Now()
				w := &recorder{sink: sink{http.Header{}}}
				r, _ := http.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
				r.Header.Set("X-Request-Id", work.String())
				h.ServeHTTP(w, r)
				want, after := 0, work
				if work > timeout+slack {
					want, after = 504, timeout+slack
				}
				if w.status != want || w.at.Sub(start) != after {
					t.Errorf("work of %v: got %d after %v", work, w.status, w.at.Sub(start))
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		for i := range h.dogs {
			if d := &h.dogs[i]; d.first != nil || d.last != nil {
				t.Errorf("watchdog %d still watches", i)
			}
		}
	})
}

// TestLateOnTheWire has a client get the whole 504 while the handler goes on,
// and the handler learn that the client has left.
func TestLateOnTheWire(t *testing.T) {
	left := make(chan error, 1)
	h := New(handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		<-ctx.Done() // nobody tells of the deadline here
		left <- ctx.Err()
		return ev, nil
	}), Options{Timeout: time.Millisecond})
	_, addr := listen(t, h)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 504 || !resp.Close || !strings.Contains(text(t, resp), "deadline") {
		t.Fatalf("got %v, %v", resp, err)
	}
	c.Close()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestLateUnderLoad is for the race detector: over sockets, handlers end about
// when their deadlines pass.
func TestLateUnderLoad(t *testing.T) {
	h := New(handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		time.Sleep(slack + time.Duration(rand.Int64N(int64(2*time.Millisecond))))
		ev.Body = serve.ValueBody(strings.Repeat("answer", 1000))
		return ev, nil
	}), Options{Timeout: time.Millisecond})
	_, addr := listen(t, h)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			client := http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for range 50 {
				resp, err := client.Post("http://"+addr, "", strings.NewReader("x"))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				ok := resp.StatusCode == 200 && len(body) == 6000 || resp.StatusCode == 504 && strings.Contains(string(body), "deadline")
				if err != nil || !ok {
					t.Errorf("got %d %s, %v", resp.StatusCode, body, err)
				}
			}
		})
	}
	wg.Wait()
}
