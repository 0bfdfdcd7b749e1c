package v2

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// A lived model counts how often it is loaded and closed.
type lived struct {
	loads, closes atomic.Int64
	err           error
}

func (m *lived) Load(context.Context, *serve.ModelContext) error { m.loads.Add(1); return m.err }
func (m *lived) Predict(context.Context, *serve.Request) (any, error) {
	if m.closes.Load() > 0 {
		return nil, errors.New("closed")
	}
	return []float64{1}, nil
}
func (m *lived) Close(context.Context) error { m.closes.Add(1); return nil }

func lives(t *testing.T, m serve.Model) *Server {
	t.Helper()
	s, err := New(Config{Name: "m", Model: m})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShare closes a model with the last of its servers, whichever that is.
func TestShare(t *testing.T) {
	for _, firstLeaves := range []bool{true, false} {
		m := &lived{}
		first := lives(t, m)
		second := lives(t, &lived{})
		if second.Share(first) {
			t.Error("shared a model that is not loaded")
		}
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !second.Share(first) || second.Share(first) {
			t.Fatal("not shared once")
		}
		if err := second.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, was := second.Status(), first.Status(); got.Phase != Ready || !got.Since.Equal(was.Since) || m.loads.Load() != 1 {
			t.Errorf("%+v after %+v, %d loads", got, was, m.loads.Load())
		}
		leaves, stays := first, second
		if !firstLeaves {
			leaves, stays = second, first
		}
		for range 2 {
			if err := leaves.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if m.closes.Load() != 0 {
			t.Error("closed while another server has it")
		}
		ev := serve.NewEvent(serve.Target{Method: "POST", Operation: "infer"}, []byte(`{"inputs":[1]}`))
		if _, err := stays.Do(t.Context(), ev); err != nil {
			t.Error(err)
		}
		if third := lives(t, &lived{}); third.Share(leaves) {
			t.Error("shared with a server that is closed")
		}
		if err := stays.Close(t.Context()); err != nil || m.closes.Load() != 1 {
			t.Errorf("%v, closed %d times", err, m.closes.Load())
		}
	}
}

// TestShareNot shares nothing that is not ready, and with nobody who has begun.
func TestShareNot(t *testing.T) {
	failed := lives(t, &lived{err: errors.New("no")})
	if err := failed.Start(t.Context()); err == nil {
		t.Fatal("started")
	}
	if lives(t, &lived{}).Share(failed) {
		t.Error("shared a model that failed")
	}
	ready, begun := lives(t, &lived{}), lives(t, &lived{})
	if err := errors.Join(ready.Start(t.Context()), begun.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	if begun.Share(ready) || ready.Share(ready) {
		t.Error("shared by a server that has begun")
	}
	unstarted := lives(t, &lived{})
	if !unstarted.Share(ready) {
		t.Fatal("not shared")
	}
	if err := errors.Join(ready.Close(t.Context()), unstarted.Close(t.Context())); err != nil {
		t.Error(err)
	}
	if m := unstarted.Model.(*lived); m.closes.Load() != 1 {
		t.Errorf("closed %d times by servers of which one was not started", m.closes.Load())
	}
}

// TestJoin keeps an object open that two servers were given.
func TestJoin(t *testing.T) {
	m := &lived{}
	first, second, other := lives(t, m), lives(t, m), lives(t, &lived{})
	second.Join(first)
	other.Join(first)
	if err := errors.Join(first.Start(t.Context()), second.Start(t.Context()), first.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if m.closes.Load() != 0 {
		t.Error("closed while the second has it")
	}
	if err := second.Close(t.Context()); err != nil || m.closes.Load() != 1 {
		t.Errorf("%v, closed %d times", err, m.closes.Load())
	}
}

// TestShareRaces has servers come and go: the model is open for each that
// shares it, and closed once in the end.
func TestShareRaces(t *testing.T) {
	for range 200 {
		m := &lived{}
		first := lives(t, m)
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s := lives(t, &lived{})
				shared := s.Share(first)
				if err := s.Start(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := s.Model.Predict(t.Context(), nil); err != nil {
					t.Errorf("shared %v: %v", shared, err)
				}
				if err := s.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if err := first.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if n := m.closes.Load(); n != 1 {
			t.Fatalf("closed %d times", n)
		}
	}
}
