//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// rounds is a run of the slow model that takes hours unless it is ended.
func rounds(n int64) *serve.Request {
	t, err := serve.NewTensor("rounds", []int64{n}).Reshaped()
	if err != nil {
		panic(err)
	}
	return request(t)
}

const forever = math.MaxInt32

// An ownContext is a context that is not of the standard library's kinds.
type ownContext struct {
	context.Context
	err atomic.Pointer[error]
}

func (c *ownContext) Err() error {
	if err := c.err.Load(); err != nil {
		return *err
	}
	return nil
}

// TestRunEnds ends runs under way: they return the context's error, and the
// model runs on.
func TestRunEnds(t *testing.T) {
	m := loaded(t, testdata("slow"))
	own := &ownContext{Context: context.Background()}
	ownErr := errors.New("enough")
	time.AfterFunc(20*time.Millisecond, func() { own.err.Store(&ownErr) })
	timeout, cancelTimeout := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelTimeout()
	cancelled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	var wg sync.WaitGroup
	for _, test := range []struct {
		name string
		ctx  context.Context
		want error
	}{
		{"deadline", timeout, context.DeadlineExceeded},
		{"cancellation", cancelled, context.Canceled},
		{"another kind of context", own, ownErr},
	} {
		wg.Go(func() {
			if out, err := m.Predict(test.ctx, rounds(forever)); err != test.want { //nolint:errorlint // exactly the context's error
				t.Errorf("%s: %v, %v, want %v", test.name, out, err, test.want)
			}
		})
	}
	wg.Wait()
	for range 3 { // more calls than ended, so that what they used is used again
		predict(t, m, rounds(3))
	}
	if _, err := m.Predict(cancelled, rounds(3)); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// TestConcurrentCalls runs a model from many goroutines and compares every
// answer, with calls that fail and that are ended in between.
func TestConcurrentCalls(t *testing.T) {
	m := loaded(t, testdata("one_input"))
	var wg sync.WaitGroup
	for g := range 3 * maxIdle {
		wg.Go(func() {
			for i := range 20 {
				in := serve.NewTensor("x", []float32{float32(g), float32(i), 1}, 1, 3)
				same(t, predict(t, m, request(in))[0], in.Named("y"))
				if _, err := m.Predict(t.Context(), request(serve.NewTensor("x", []float32{1, 2}, 1, 2))); err == nil {
					t.Error("a row of two was taken")
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if _, err := m.Predict(ctx, request(in)); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				runtime.GC()
			}
		})
	}
	wg.Wait()
	if n := len(m.idle); n > maxIdle {
		t.Errorf("%d idle calls are kept", n)
	}
}

// TestClose closes a model under load: every call is answered or refused, and
// nothing is used once it is released.
func TestClose(t *testing.T) {
	e := testEngine(t)
	for range 5 {
		loadedModel, err := e.Load(t.Context(), &serve.Artifact{File: testdata("classifier_string")}, serve.ModelSpec{})
		if err != nil {
			t.Fatal(err)
		}
		m := loadedModel.(*model)
		var wg sync.WaitGroup
		started := make(chan struct{}, 8)
		for range cap(started) {
			wg.Go(func() {
				for first := true; ; first = false {
					_, err := m.Predict(t.Context(), request(ramp("X", 2, 4)))
					if first {
						started <- struct{}{}
					}
					if err != nil {
						wantError(t, err, serve.Unavailable, "the model has been unloaded")
						return
					}
				}
			})
		}
		for range cap(started) {
			<-started
		}
		for range 2 {
			wg.Go(func() {
				if err := m.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if m.session != nil || len(m.idle)+len(m.active) > 0 {
			t.Error("the model is not released")
		}
		if err := m.Close(t.Context()); err != nil {
			t.Errorf("a second close: %v", err)
		}
	}
}

// TestCloseWaits closes a model whose call does not end: the closing ends with
// its context, and the model is released when the call is over.
func TestCloseWaits(t *testing.T) {
	loadedModel, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: testdata("slow")}, serve.ModelSpec{})
	if err != nil {
		t.Fatal(err)
	}
	m := loadedModel.(*model)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := m.Predict(ctx, rounds(forever))
		done <- err
	}()
	for running := false; !running; runtime.Gosched() {
		m.mu.Lock()
		running = len(m.active) > 0
		m.mu.Unlock()
	}
	short, cancelShort := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancelShort()
	if err := m.Close(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close with a call running: %v", err)
	}
	_, err = m.Predict(t.Context(), rounds(1))
	wantError(t, err, serve.Unavailable, "unloaded")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
}
