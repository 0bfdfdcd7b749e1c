package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

var errDown = errors.New("the stream is down")

// A sink is a stream that takes records, or does not.
type sink struct {
	mu     sync.Mutex
	bodies []string
	err    func(n int) error // of the n-th attempt; nil takes all
	tries  int
	closed bool
	hang   chan struct{} // attempts wait until it is closed; nil does not
	local  bool
}

func (s *sink) open(context.Context) (Topic, error) { return s, nil }

func (s *sink) PublishAll(ctx context.Context, ms []*stream.Message) error {
	s.mu.Lock()
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.err != nil {
		if err := s.err(s.tries); err != nil {
			return s.partly(ms, err)
		}
	}
	for _, m := range ms {
		s.bodies = append(s.bodies, string(m.Body))
	}
	return nil
}

func (s *sink) Local() bool { return s.local }

func (s *sink) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *sink) down(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = nil
	if err != nil {
		s.err = func(int) error { return err }
	}
}

func (s *sink) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

// numbers are the first numbers of the inputs of the records, in their order: what
// infer gave them.
func (s *sink) numbers(t *testing.T) []int {
	t.Helper()
	var all []int
	for _, body := range s.all() {
		var r struct {
			Request struct{ Inputs [][]int }
			Values  [][]json.RawMessage
		}
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if r.Values == nil {
			all = append(all, r.Request.Inputs[0][0])
		}
		for _, row := range r.Values {
			var req struct{ Inputs [][]int }
			if err := json.Unmarshal(row[0], &req); err != nil {
				t.Fatal(err)
			}
			all = append(all, req.Inputs[0][0])
		}
	}
	return all
}

// inOrder wants the numbers from 0 to n-1 in their order.
func inOrder(t *testing.T, got []int, n int) {
	t.Helper()
	for i, v := range got {
		if v != i {
			t.Fatalf("record %d of %d is %d", i, len(got), v)
		}
	}
	if len(got) != n {
		t.Fatalf("%d records, want %d", len(got), n)
	}
}

var iris = &serve.Served{Graph: "g", Model: "iris", Version: "v1", Class: "my.module.Iris"}

var begin = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

// infer is the record of an inference of the number.
func infer(t testing.TB, number int) serve.Record {
	t.Helper()
	return inferBody(t, fmt.Sprintf(`{"inputs": [[%d, 2]]}`, number), []float64{float64(number) * 2})
}

func inferBody(t testing.TB, body string, outputs any) serve.Record {
	t.Helper()
	b := serve.RawBody([]byte(body))
	req, err := new(oip.Buffer).Request(b)
	if err != nil {
		t.Fatal(err)
	}
	req.Body, req.Op = b, "infer"
	if req.RawID == nil {
		req.ID = "e1"
	}
	r := serve.Record{Served: iris, Op: "infer", EventID: "e1", Start: begin, Duration: 1234567 * time.Microsecond, Request: req}
	resp := new(serve.Response)
	resp.Answer(req, iris, outputs)
	r.Answered(resp)
	return r
}

func failure(t testing.TB, body string, err error) serve.Record {
	t.Helper()
	r := inferBody(t, body, nil)
	r.Answered(nil)
	r.Err = err
	return r
}

// folder is a folder that is there for the test.
type folder struct {
	path   string
	refuse error
}

func (f *folder) Path() string { return f.path }
func (f *folder) Claim() error { return f.refuse }

// start starts a pusher until the test ends.
func start(t *testing.T, o Options) *Pusher {
	t.Helper()
	if testing.Verbose() && o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) { t.Log(strings.TrimSpace(string(p))) }), nil))
	}
	p := New(o)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, p) })
	return p
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

var _ io.Writer = writerFunc(nil)

func shut(t *testing.T, p *Pusher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// until waits for something.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// balanced wants a ledger that adds up.
func balanced(t *testing.T, p *Pusher) Ledger {
	t.Helper()
	l := p.Ledger()
	if l.Accepted != l.Delivered+l.Dropped+l.Queued+l.Spilled || l.Queued < 0 || l.Spilled < 0 || l.Bytes < 0 || l.DiskBytes < 0 {
		t.Fatalf("the ledger is not balanced: %+v", l)
	}
	return l
}
