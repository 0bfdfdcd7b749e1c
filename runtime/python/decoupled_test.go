package python

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// inline asks testdata/decoupled.py for n answers of so many numbers.
func inline(ctx context.Context, m *Model, n, width int64, take func([]int64) error) error {
	req := &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{serve.NewTensor("IN", []int64{n, width}, 2)}}
	return m.Stream(ctx, req, func(v any) error {
		numbers, ok := serve.Data[int64](v.(*serve.Tensor))
		if !ok {
			return fmt.Errorf("the answer is %v", v)
		}
		return take(numbers)
	})
}

// inlineState is what the worker that answers has made: answers, requests to their
// end, requests that were cut off, and its process.
func inlineState(t *testing.T, m *Model) (made, ended, cut, pid int64) {
	t.Helper()
	err := inline(context.Background(), m, -1, 1, func(n []int64) error {
		made, ended, cut, pid = n[0], n[1], n[2], n[3]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return made, ended, cut, pid
}

// TestInlineStreamHoldsUpNobody has a class that sends within execute be asked by a
// client that does not take the answers: execute ends all the same, and the one worker
// serves others. Then the client takes them all, each as it was when it was sent.
func TestInlineStreamHoldsUpNobody(t *testing.T) {
	m := startModel(t, tritonCode(t, "decoupled.py"), "TritonPythonModel", nil)
	const n = 2000
	got := int64(0)
	err := inline(t.Context(), m, n, 3, func(numbers []int64) error {
		if numbers[0] != got || len(numbers) != 3 {
			return fmt.Errorf("answer %d is %v", got, numbers)
		}
		if got++; got == 10 {
			if made, ended, _, _ := inlineState(t, m); made != n || ended != 1 {
				t.Errorf("%d answers were made, and %d requests ended", made, ended)
			}
		}
		return nil
	})
	if err != nil || got != n {
		t.Errorf("%d answers, %v", got, err)
	}
}

// A stalled is a stream without an end, whose answers nobody takes until it is told.
type stalled struct {
	begun  chan struct{} // closed once there is an answer
	goOn   chan struct{} // to be closed
	enough context.CancelFunc
	taken  int
	ended  chan error
}

func stall(t *testing.T, m *Model) *stalled {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &stalled{begun: make(chan struct{}), goOn: make(chan struct{}), enough: cancel, ended: make(chan error, 1)}
	go func() {
		s.ended <- inline(ctx, m, 1<<40, 1000, func([]int64) error {
			if s.taken++; s.taken == 1 {
				close(s.begun)
				<-s.goOn
			}
			if s.taken == 100 {
				cancel()
			}
			return nil
		})
	}()
	<-s.begun
	return s
}

// TestInlineStreamHasALimit has a class that sends within execute, without an end, be
// held up once so much waits for a client. Calls behind it that are over before they
// began are answered meanwhile, so that the worker is not taken to hang, and the
// client's end is that of execute.
func TestInlineStreamHasALimit(t *testing.T) {
	c := tritonCode(t, "decoupled.py")
	c.Grace = time.Hour
	m := startModel(t, c, "TritonPythonModel", nil)
	_, _, _, before := inlineState(t, m)
	s := stall(t, m)
	conn := m.pool.slots[0].live.Load().conn
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := inline(ctx, m, -1, 1, func([]int64) error { return errors.New("it was not held up") })
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a call behind it: %v", err)
		}
		await(t, "it is answered", func() bool {
			conn.mu.Lock()
			defer conn.mu.Unlock()
			return conn.late == 0
		})
	}
	close(s.goOn)
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("its end: %v", err)
	}
	made, ended, cut, pid := inlineState(t, m)
	if ended != 0 || cut != 1 || pid != before {
		t.Errorf("%d requests ended, %d were cut off, in process %d, %d before", ended, cut, pid, before)
	}
	if most := int64(s.taken) + 4*window + (16<<20)/8000; made > most {
		t.Errorf("%d answers were made, at most %d may be", made, most)
	}
}

// TestInlineStreamAndAnotherWorker has all others go to the worker that is not held up.
func TestInlineStreamAndAnotherWorker(t *testing.T) {
	c := tritonCode(t, "decoupled.py")
	c.Workers = 2
	m := startModel(t, c, "TritonPythonModel", nil)
	s := stall(t, m)
	await(t, "it is held up", func() bool {
		return m.pool.slots[0].live.Load().load.Load() > held || m.pool.slots[1].live.Load().load.Load() > held
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				got := 0
				if err := inline(t.Context(), m, 20, 1, func([]int64) error { got++; return nil }); err != nil || got != 20 {
					t.Errorf("%d answers, %v", got, err)
				}
			}
		})
	}
	all.Wait()
	close(s.goOn)
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("its end: %v", err)
	}
}
