package schedule

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A double is a model that doubles x and echoes s, and notes the sizes of batches.
type double struct {
	mu    sync.Mutex
	sizes []int
	gate  chan struct{} // where not nil, a call waits for it
	takes time.Duration
	fail  func(req *serve.Request) error
}

func (m *double) Predict(ctx context.Context, req *serve.Request) (any, error) {
	x, _ := serve.Data[float32](req.Inputs[0])
	m.mu.Lock()
	m.sizes = append(m.sizes, req.Inputs[0].Shape[0])
	m.mu.Unlock()
	if m.gate != nil {
		select {
		case <-m.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if m.takes > 0 {
		select {
		case <-time.After(m.takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if m.fail != nil {
		if err := m.fail(req); err != nil {
			return nil, err
		}
	}
	y := make([]float32, len(x))
	for i := range x {
		y[i] = 2 * x[i]
	}
	out := []*serve.Tensor{serve.NewTensor("y", y, req.Inputs[0].Shape...)}
	if len(req.Inputs) > 1 {
		out = append(out, req.Inputs[1].Named("t"))
	}
	return out, nil
}

func rowsReq(v float32, rows, width int) *serve.Request {
	x := make([]float32, rows*width)
	s := make([]string, rows)
	for i := range x {
		x[i] = v + float32(i)
	}
	for i := range s {
		s[i] = fmt.Sprintf("%v/%d", v, i)
	}
	return &serve.Request{Dialect: serve.OIP, Inputs: []*serve.Tensor{serve.NewTensor("x", x, rows, width), serve.NewBytes("s", s, rows)}}
}

// checkAnswer says how an answer differs from that of the model alone.
func checkAnswer(req *serve.Request, out any) string {
	want, _ := (&double{}).Predict(context.Background(), req)
	got, ok := out.([]*serve.Tensor)
	if !ok || len(got) != len(want.([]*serve.Tensor)) {
		return fmt.Sprintf("answer %v", out)
	}
	for i, w := range want.([]*serve.Tensor) {
		g := got[i]
		if d := cmp.Diff(w.Shape, g.Shape) + cmp.Diff(string(w.Raw()), string(g.Raw())) + cmp.Diff(w.Strings(), g.Strings()); d != "" {
			return w.Name + " " + d
		}
	}
	return ""
}

// together puts requests to the batcher while one that came before is served, and
// returns their answers in the order of the requests.
func putTogether(t *testing.T, b *Batcher, m *double, reqs ...*serve.Request) (outs []any, errs []error) {
	t.Helper()
	outs, errs = make([]any, len(reqs)), make([]error, len(reqs))
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = b.Predict(t.Context(), rowsReq(0, 1, 1)) })
	synctest.Wait()
	for i, req := range reqs {
		wg.Go(func() { outs[i], errs[i] = b.Predict(t.Context(), req) })
		synctest.Wait()
	}
	close(m.gate)
	wg.Wait()
	return outs, errs
}

func TestWhatWaitsGoesTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		o    BatchOptions
		reqs []*serve.Request
		want []int
	}{
		{"all of it", BatchOptions{MaxRows: 8}, []*serve.Request{rowsReq(1, 1, 3), rowsReq(2, 2, 3), rowsReq(3, 1, 3)}, []int{1, 4}},
		{"up to the limit", BatchOptions{MaxRows: 3}, []*serve.Request{rowsReq(1, 2, 3), rowsReq(2, 2, 3), rowsReq(3, 1, 3)}, []int{1, 2, 3}},
		{"no other shapes", BatchOptions{MaxRows: 8}, []*serve.Request{rowsReq(1, 1, 3), rowsReq(2, 1, 4), rowsReq(3, 1, 4)}, []int{1, 1, 2}},
		{"preferred sizes", BatchOptions{MaxRows: 8, Preferred: []int{2}}, []*serve.Request{rowsReq(1, 1, 3), rowsReq(2, 1, 3), rowsReq(3, 1, 3)}, []int{1, 2, 1}},
		{"nothing", BatchOptions{}, []*serve.Request{rowsReq(1, 1, 3), rowsReq(2, 1, 3)}, []int{1, 1, 1}},
		{"no other parameters", BatchOptions{MaxRows: 8}, []*serve.Request{
			rowsReq(1, 1, 3).WithParameters(map[string]any{"a": int64(1), "timeout": int64(5)}),
			rowsReq(2, 1, 3).WithParameters(map[string]any{"a": int64(1), "priority": int64(1)}),
			rowsReq(3, 1, 3).WithParameters(map[string]any{"a": int64(2)}),
		}, []int{1, 2, 1}},
		{"no parameters that cannot be compared", BatchOptions{MaxRows: 8}, []*serve.Request{
			rowsReq(1, 1, 3).WithParameters(map[string]any{"a": []any{int64(1)}}),
			rowsReq(2, 1, 3).WithParameters(map[string]any{"a": []any{int64(1)}}),
		}, []int{1, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &double{gate: make(chan struct{})}
				c.o.Instances = 1
				b := NewBatcher(m, c.o)
				outs, errs := putTogether(t, b, m, c.reqs...)
				for i, out := range outs {
					if d := checkAnswer(c.reqs[i], out); d != "" || errs[i] != nil {
						t.Errorf("request %d: %v %s", i, errs[i], d)
					}
				}
				if d := cmp.Diff(c.want, m.sizes); d != "" {
					t.Errorf("batches (-want +got):\n%s", d)
				}
				if err := b.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestRequestsWaitForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &double{}
		b := NewBatcher(m, BatchOptions{MaxRows: 4, Delay: 10 * time.Millisecond, Instances: 1})
		start := time.Now()
		if out, err := b.Predict(t.Context(), rowsReq(1, 1, 2)); err != nil || checkAnswer(rowsReq(1, 1, 2), out) != "" {
			t.Fatal(out, err)
		}
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("one request took %v", took)
		}
		start = time.Now()
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				if out, err := b.Predict(t.Context(), rowsReq(float32(i), 1, 2)); err != nil || checkAnswer(rowsReq(float32(i), 1, 2), out) != "" {
					t.Error(out, err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != 0 {
			t.Errorf("a full batch took %v", took)
		}
		if _, err := b.Predict(t.Context(), rowsReq(1, 4, 2)); err != nil || time.Since(start) != 0 {
			t.Errorf("a request of as many rows as may go took %v, %v", time.Since(start), err)
		}
		if d := cmp.Diff([]int{1, 4, 4}, m.sizes); d != "" {
			t.Error(d)
		}
		got, _ := b.Counts()
		want := serve.Counts{Executions: 3, Rows: 9, Queue: serve.TimedCount{Count: 6, Took: 10 * time.Millisecond},
			Batches: []serve.BatchCount{{Rows: 1, TimedCount: serve.TimedCount{Count: 1}}, {Rows: 4, TimedCount: serve.TimedCount{Count: 2}}}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("counts (-want +got):\n%s", d)
		}
	})
}

// TestAnsweredCallsAreCounted has each of many requests that go together look at the
// counts as soon as it is answered.
func TestAnsweredCallsAreCounted(t *testing.T) {
	const together = 200
	b := NewBatcher(&double{}, BatchOptions{MaxRows: together, Delay: time.Hour, Instances: 1})
	for n := range uint64(10) {
		var all sync.WaitGroup
		for range together {
			all.Go(func() {
				if _, err := b.Predict(t.Context(), rowsReq(1, 1, 2)); err != nil {
					t.Error(err)
				}
				if got, _ := b.Counts(); got.Executions != n+1 {
					t.Errorf("%d calls are counted, want %d", got.Executions, n+1)
				}
			})
		}
		all.Wait()
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestQueuePolicies(t *testing.T) {
	timeout := func(us int64) *serve.Request { return rowsReq(1, 1, 1).WithParameters(map[string]any{"timeout": us}) }
	for _, c := range []struct {
		name   string
		policy Policy
		req    *serve.Request
		err    error
		after  time.Duration
	}{
		{"the policy's time", Policy{Timeout: 5 * time.Millisecond}, rowsReq(1, 1, 1), ErrTimeout, 5 * time.Millisecond},
		{"the request's time", Policy{Override: true}, timeout(3000), ErrTimeout, 3 * time.Millisecond},
		{"the shorter of both", Policy{Timeout: 2 * time.Millisecond, Override: true}, timeout(3000), ErrTimeout, 2 * time.Millisecond},
		{"no time of requests", Policy{}, timeout(3000), nil, 50 * time.Millisecond},
		{"late is served", Policy{Timeout: time.Millisecond, Late: true}, rowsReq(1, 1, 1), nil, 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBatcher(&double{takes: 50 * time.Millisecond}, BatchOptions{MaxRows: 8, Instances: 1, Policy: c.policy})
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = b.Predict(t.Context(), rowsReq(0, 1, 1)) })
				synctest.Wait()
				start := time.Now()
				b.o.MaxRows = 8
				_, err := b.Predict(t.Context(), c.req)
				took := time.Since(start)
				if err == nil {
					took -= 50 * time.Millisecond // the call itself
				}
				if !errors.Is(err, c.err) || took != c.after || err != nil && serve.CodeOf(err) != serve.Unavailable {
					t.Errorf("after %v: %v", took, err)
				}
				wg.Wait()
			})
		})
	}
}

func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &double{gate: make(chan struct{})}
		b := NewBatcher(m, BatchOptions{MaxRows: 1, Instances: 1, Policy: Policy{MaxSize: 2}})
		_, errs := putTogether(t, b, m, rowsReq(1, 1, 1), rowsReq(2, 1, 1), rowsReq(3, 1, 1))
		if errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], ErrQueueFull) || serve.CodeOf(errs[2]) != serve.Unavailable {
			t.Error(errs)
		}
	})
}

func TestPriorities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &double{gate: make(chan struct{})}
		var order []float32
		m.fail = func(req *serve.Request) error {
			x, _ := serve.Data[float32](req.Inputs[0])
			order = append(order, x[0])
			return nil
		}
		b := NewBatcher(m, BatchOptions{Instances: 1, Levels: 3, DefaultLevel: 2, Policies: map[int]Policy{3: {MaxSize: 1}}})
		at := func(v float32, level int64) *serve.Request {
			return rowsReq(v, 1, 1).WithParameters(map[string]any{"priority": level})
		}
		_, errs := putTogether(t, b, m, at(3, 3), at(2, 0), at(2.5, 99), at(1, 1), at(9, 3))
		if d := cmp.Diff([]float32{0, 1, 2, 2.5, 3}, order); d != "" || !errors.Is(errs[4], ErrQueueFull) {
			t.Error(d, errs)
		}
	})
}

func TestCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &double{gate: make(chan struct{})}
		b := NewBatcher(m, BatchOptions{MaxRows: 8, Instances: 1})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = b.Predict(t.Context(), rowsReq(0, 1, 1)) })
		synctest.Wait()
		gone, leave := context.WithCancel(t.Context())
		for range 3 {
			wg.Go(func() {
				if _, err := b.Predict(gone, rowsReq(1, 1, 1)); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		b.mu.Lock()
		if b.waiting != 0 {
			t.Errorf("%d wait", b.waiting)
		}
		b.mu.Unlock()
		m.gate <- struct{}{} // the first goes

		// A call that all have left is given up, one that somebody waits for is not.
		both, leaveBoth := context.WithCancel(t.Context())
		wg.Go(func() { _, _ = b.Predict(t.Context(), rowsReq(0, 1, 1)) })
		synctest.Wait()
		for range 2 {
			wg.Go(func() { _, _ = b.Predict(both, rowsReq(1, 1, 1)) })
		}
		synctest.Wait()
		m.gate <- struct{}{}
		synctest.Wait()
		leaveBoth()
		wg.Wait()
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestFailures(t *testing.T) {
	bad := serve.Errorf(serve.BadRequest, "", "bad row")
	for _, c := range []struct {
		name string
		fail func(req *serve.Request) error
		want []string
	}{
		{"the model's", func(req *serve.Request) error {
			if req.Inputs[0].Shape[0] > 1 {
				return errors.New("broken")
			}
			return nil
		}, []string{"broken", "broken"}},
		{"a request's", func(req *serve.Request) error {
			x, _ := serve.Data[float32](req.Inputs[0])
			if x[0] == 7 || len(x) > 1 {
				return bad
			}
			return nil
		}, []string{"", "bad row"}},
		{"a panic", func(req *serve.Request) error {
			if req.Inputs[0].Shape[0] > 1 {
				panic("boom")
			}
			return nil
		}, []string{"the model panicked", "the model panicked"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &double{gate: make(chan struct{}), fail: c.fail}
			b := NewBatcher(m, BatchOptions{MaxRows: 8, Instances: 1})
			outs, errs := putTogether(t, b, m, rowsReq(1, 1, 1), rowsReq(7, 1, 1))
			for i, err := range errs {
				text := ""
				if err != nil {
					text = err.Error()
				}
				if text != c.want[i] || (err == nil) != (outs[i] != nil) {
					t.Errorf("%s: request %d: %v, %v", c.name, i, outs[i], err)
				}
			}
		})
	}
}

type answers struct{ out any }

func (a answers) Predict(context.Context, *serve.Request) (any, error) { return a.out, nil }

func TestAnswersThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		out  any
		want string
	}{
		{serve.NewTensor("y", []float32{1}, 1), `the model answered a batch of 3 rows with "y" of shape [1]`},
		{map[string]any{}, "the model answered a batch with map[string]interface {}, and not with tensors"},
	} {
		batch := []*item{{req: rowsReq(1, 1, 1), rows: 1}, {req: rowsReq(1, 2, 1), rows: 2}}
		if err := split(c.out, batch, 3); err == nil || err.Error() != c.want {
			t.Errorf("%v", err)
		}
	}
}

// TestAnswersThatPanic: an answer that cannot even be looked at is an error of everybody
// it was for, and the batcher goes on.
func TestAnswersThatPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var thrown any
		b := NewBatcher(answers{[]*serve.Tensor{nil}}, BatchOptions{
			MaxRows: 4, Delay: time.Second, Instances: 1,
			Panicked: func(p any) error { thrown = p; return errors.New("it panicked") },
		})
		for range 2 {
			var wg sync.WaitGroup
			for i := range 2 {
				wg.Go(func() {
					if _, err := b.Predict(t.Context(), rowsReq(float32(i), 1, 1)); err == nil || err.Error() != "it panicked" {
						t.Errorf("got %v", err)
					}
				})
			}
			wg.Wait()
		}
		if thrown == nil {
			t.Error("nobody was told of the panic")
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestEveryCallerGetsItsRows puts requests of all sizes to a batcher from many
// goroutines, some of which leave and some of which fail.
func TestEveryCallerGetsItsRows(t *testing.T) {
	m := &double{fail: func(req *serve.Request) error {
		x, _ := serve.Data[float32](req.Inputs[0])
		for _, v := range x {
			if v < 0 {
				return serve.Errorf(serve.BadRequest, "", "negative")
			}
		}
		return nil
	}}
	b := NewBatcher(m, BatchOptions{MaxRows: 16, Instances: 2, Delay: 50 * time.Microsecond})
	var wg sync.WaitGroup
	var served atomic.Int64
	for g := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for range 200 {
				req := rowsReq(float32(r.IntN(1000)), 1+r.IntN(5), 1+r.IntN(2))
				negative := r.IntN(10) == 0
				if negative {
					req = rowsReq(-1000, 1, 1)
				}
				ctx, cancel := context.WithCancel(context.Background())
				if r.IntN(10) == 0 {
					time.AfterFunc(time.Duration(r.IntN(200))*time.Microsecond, cancel)
				}
				out, err := b.Predict(ctx, req)
				cancel()
				switch {
				case err == nil && negative:
					t.Error("a bad request was served")
				case err == nil:
					served.Add(1)
					if d := checkAnswer(req, out); d != "" {
						t.Error(d)
					}
				case errors.Is(err, context.Canceled), negative && strings.Contains(err.Error(), "negative"):
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := b.Close(t.Context()); err != nil || served.Load() < 1000 {
		t.Errorf("%d served, %v", served.Load(), err)
	}
	if c, _ := b.Counts(); c.Rows < uint64(served.Load()) {
		t.Errorf("counts %+v", c)
	}
}

func BenchmarkAlone(b *testing.B) {
	req := rowsReq(1, 1, 4)
	direct, batcher := answers{[]*serve.Tensor{}}, NewBatcher(answers{[]*serve.Tensor{}}, BatchOptions{MaxRows: 8, Instances: 2})
	for name, m := range map[string]Predictor{"direct": direct, "batcher": batcher} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = m.Predict(b.Context(), req)
			}
		})
	}
}

// TestParametersOfPolicies has a priority and a timeout be whole numbers, and the model
// not asked where they are none.
func TestParametersOfPolicies(t *testing.T) {
	for _, tt := range []struct {
		value any
		ok    bool
	}{
		{int64(0), true}, {int64(7), true}, {serve.Number("18446744073709551615"), true},
		{int64(-1), false}, {1.5, false}, {"1", false}, {true, false}, {serve.Number("18446744073709551616"), false}, {serve.Number("1e400"), false},
	} {
		for _, key := range []string{"priority", "timeout"} {
			b := NewBatcher(&double{}, BatchOptions{MaxRows: 8, Instances: 1, Policy: Policy{Override: true}})
			_, err := b.Predict(t.Context(), rowsReq(1, 1, 1).WithParameters(map[string]any{key: tt.value, "mine": "x"}))
			if (err == nil) != tt.ok || err != nil && serve.CodeOf(err) != serve.BadRequest {
				t.Errorf("%s %v: %v", key, tt.value, err)
			}
		}
	}
}
