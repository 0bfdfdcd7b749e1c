package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// A teller tells what it has been given.
type teller struct {
	name string
	mu   sync.Mutex
	log  []string
	gate chan struct{}
}

func (m *teller) Predict(_ context.Context, req *serve.Request) (any, error) {
	text := m.name
	for _, t := range req.Inputs {
		text += fmt.Sprintf(" %s=%v%v", t.Name, t.Shape, t.At(0))
	}
	m.mu.Lock()
	m.log = append(m.log, text)
	m.mu.Unlock()
	if m.gate != nil {
		<-m.gate
	}
	out := []*serve.Tensor{serve.NewBytes("said", []string{text}, 1, 1)}
	for _, t := range req.Inputs {
		if t.Name == "SUM_IN" {
			old, _ := serve.Data[float32](t)
			x, _ := serve.Data[float32](req.Inputs[0])
			out = append(out, serve.NewTensor("SUM_OUT", []float32{old[0] + x[0]}, 1, 1))
		}
	}
	return out, nil
}

func inSequence(id any, v float32, start, end bool) *serve.Request {
	p := map[string]any{"sequence_id": id}
	if start {
		p["sequence_start"] = true
	}
	if end {
		p["sequence_end"] = true
	}
	return (&serve.Request{Dialect: serve.OIP, Inputs: []*serve.Tensor{serve.NewTensor("x", []float32{v}, 1, 1)}}).WithParameters(p)
}

func said(t *testing.T, s *Sequencer, req *serve.Request) string {
	t.Helper()
	out, err := s.Predict(t.Context(), req)
	if err != nil {
		return err.Error()
	}
	return out.([]*serve.Tensor)[0].Strings()[0]
}

func TestControls(t *testing.T) {
	controls := []Control{
		{Name: "START", Signal: SignalStart, Datatype: serve.Int32, False: 0, True: 1},
		{Name: "END", Signal: SignalEnd, Datatype: serve.FP32, False: -1, True: 2},
		{Name: "READY", Signal: SignalReady, Datatype: serve.Bool},
		{Name: "ID", Signal: SignalID, Datatype: serve.Uint64},
	}
	s := NewSequencer([]Predictor{&teller{name: "m"}}, SequenceOptions{Slots: 2, Controls: controls, Batched: true})
	defer s.Close()
	for _, c := range []struct {
		req  *serve.Request
		want string
	}{
		{inSequence(int64(7), 3, false, false), "the first request of sequence 7 must have sequence_start: it is unknown, or has been quiet for too long"},
		{inSequence(int64(7), 3, true, false), "m x=[1 1]3 START=[1 1]1 END=[1 1]-1 READY=[1 1]true ID=[1 1]7"},
		{inSequence(int64(7), 4, false, false), "m x=[1 1]4 START=[1 1]0 END=[1 1]-1 READY=[1 1]true ID=[1 1]7"},
		{inSequence(int64(7), 5, false, true), "m x=[1 1]5 START=[1 1]0 END=[1 1]2 READY=[1 1]true ID=[1 1]7"},
		{inSequence(int64(7), 6, false, false), "the first request of sequence 7 must have sequence_start: it is unknown, or has been quiet for too long"},
		{inSequence(serve.Number("18446744073709551615"), 6, true, true), "m x=[1 1]6 START=[1 1]1 END=[1 1]2 READY=[1 1]true ID=[1 1]18446744073709551615"},
		{inSequence("abc", 6, true, true), `sequence_id is "abc", but the model takes a number`},
		{inSequence(int64(0), 6, true, true), "a request to this model must specify a non-zero or non-empty sequence_id"},
		{inSequence("", 6, true, true), "a request to this model must specify a non-zero or non-empty sequence_id"},
		{inSequence(nil, 6, true, true), "a request to this model must specify a non-zero or non-empty sequence_id"},
	} {
		if d := cmp.Diff(c.want, said(t, s, c.req)); d != "" {
			t.Error(d)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.live) > 0 || s.used > 0 {
		t.Errorf("%d sequences in %d slots are left", len(s.live), s.used)
	}
}

func TestIdentities(t *testing.T) {
	for _, c := range []struct {
		dt   serve.Datatype
		id   any
		want string
	}{
		{serve.Bytes, "abc", "abc"}, {serve.Bytes, int64(7), "7"}, {serve.Int32, int64(7), "7"}, {serve.Uint32, int64(1 << 32), "error"},
		{serve.Int64, int64(1 << 62), "4611686018427387904"}, {serve.Int64, serve.Number("18446744073709551615"), "error"},
		{serve.Uint64, serve.Number("99999999999999999999"), "error"},
	} {
		got := "error"
		if tensor, err := (&Control{Signal: SignalID, Datatype: c.dt}).tensor(signals{id: c.id}, 0); err == nil {
			got = fmt.Sprint(tensor.At(0))
		}
		if got != c.want {
			t.Errorf("%v as %s is %s, want %s", c.id, c.dt, got, c.want)
		}
	}
}

func TestSequencesStayWithAnInstance(t *testing.T) {
	s := NewSequencer([]Predictor{&teller{name: "a"}, &teller{name: "b"}}, SequenceOptions{Slots: 4})
	defer s.Close()
	where := map[any]byte{}
	for i := range 12 {
		id := int64(1 + i%4)
		name := said(t, s, inSequence(id, 1, i < 4, i >= 8))[0]
		if old, ok := where[id]; ok && old != name {
			t.Errorf("sequence %d went from %c to %c", id, old, name)
		}
		where[id] = name
	}
	count := map[byte]int{}
	for _, name := range where {
		count[name]++
	}
	if count['a'] != 2 || count['b'] != 2 {
		t.Errorf("sequences by instance: %v", count)
	}
}

func TestRequestsOfASequenceKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &teller{gate: make(chan struct{})}
		s := NewSequencer([]Predictor{m}, SequenceOptions{Slots: 1})
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() { said(t, s, inSequence("q", float32(i), i == 0, i == 4)) })
			synctest.Wait()
		}
		if len(m.log) != 1 {
			t.Errorf("%d are served at a time", len(m.log))
		}
		close(m.gate)
		wg.Wait()
		if d := cmp.Diff([]string{" x=[1 1]0", " x=[1 1]1", " x=[1 1]2", " x=[1 1]3", " x=[1 1]4"}, m.log); d != "" {
			t.Error(d)
		}
		s.Close()
	})
}

// TestRequestsOfASequenceThatWaitsKeepTheirOrder has several requests wait for the slot
// of their sequence, one of which gives up.
func TestRequestsOfASequenceThatWaitsKeepTheirOrder(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			m := &teller{}
			s := NewSequencer([]Predictor{m}, SequenceOptions{Slots: 1})
			defer s.Close()
			said(t, s, inSequence("other", 9, true, false))
			var wg sync.WaitGroup
			var given context.Context
			var giveUp context.CancelFunc
			for i := range 6 {
				ctx := t.Context()
				if i == 2 {
					given, giveUp = context.WithCancel(ctx)
					ctx = given
				}
				wg.Go(func() {
					if _, err := s.Predict(ctx, inSequence("q", float32(i), i == 0, i == 5)); !errors.Is(err, ctx.Err()) {
						t.Errorf("request %d: %v", i, err)
					}
				})
				synctest.Wait()
			}
			giveUp()
			synctest.Wait()
			said(t, s, inSequence("other", 9, false, true))
			wg.Wait()
			if d := cmp.Diff([]string{" x=[1 1]9", " x=[1 1]9", " x=[1 1]0", " x=[1 1]1", " x=[1 1]3", " x=[1 1]4", " x=[1 1]5"}, m.log); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSequencer([]Predictor{&teller{name: "m"}}, SequenceOptions{Slots: 1, Idle: time.Minute})
		start := time.Now()
		said(t, s, inSequence("first", 1, true, false))
		given, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		if _, err := s.Predict(given, inSequence("second", 1, true, false)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := said(t, s, inSequence("third", 1, true, false)); got != "m x=[1 1]1" {
				t.Error(got)
			}
		})
		wg.Go(func() {
			time.Sleep(10 * time.Second)
			said(t, s, inSequence("first", 1, false, true))
		})
		wg.Wait()
		if took := time.Since(start); took != 11*time.Second {
			t.Errorf("the third began after %v", took)
		}
		// The third is quiet, and loses its place.
		start = time.Now()
		if got := said(t, s, inSequence("fourth", 1, true, false)); got != "m x=[1 1]1" {
			t.Error(got)
		}
		if took := time.Since(start); took < 30*time.Second || took > 2*time.Minute {
			t.Errorf("the fourth began after %v", took)
		}
		if got := said(t, s, inSequence("third", 1, false, false)); got != errNotStarted("third").Error() {
			t.Error(got)
		}
		time.Sleep(5 * time.Minute)
		s.mu.Lock()
		if len(s.live) != 0 || s.used != 0 || s.timer != nil {
			t.Errorf("%d sequences in %d slots are left", len(s.live), s.used)
		}
		s.mu.Unlock()
		s.Close()
	})
}

func TestStates(t *testing.T) {
	s := NewSequencer([]Predictor{&teller{name: "m"}}, SequenceOptions{Slots: 2, States: []State{
		{Input: "SUM_IN", Output: "SUM_OUT", Initial: serve.NewTensor("", []float32{10}, 1, 1)},
	}})
	defer s.Close()
	for _, c := range []struct {
		req  *serve.Request
		want string
	}{
		{inSequence("a", 1, true, false), "m x=[1 1]1 SUM_IN=[1 1]10"},
		{inSequence("b", 5, true, false), "m x=[1 1]5 SUM_IN=[1 1]10"},
		{inSequence("a", 2, false, false), "m x=[1 1]2 SUM_IN=[1 1]11"},
		{inSequence("a", 3, false, false), "m x=[1 1]3 SUM_IN=[1 1]13"},
		{inSequence("b", 5, false, true), "m x=[1 1]5 SUM_IN=[1 1]15"},
		{inSequence("a", 4, true, true), "m x=[1 1]4 SUM_IN=[1 1]10"},
	} {
		if got := said(t, s, c.req); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	out, err := s.Predict(t.Context(), inSequence("c", 1, true, true))
	if all := out.([]*serve.Tensor); err != nil || len(all) != 1 {
		t.Errorf("a state is among the outputs: %v, %v", all, err)
	}
}
