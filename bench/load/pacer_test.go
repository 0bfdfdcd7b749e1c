package load

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func TestPacerHandsOutEveryInstantOnce(t *testing.T) {
	start := time.Now().Add(-time.Second) // every instant is due: nothing is waited for
	end := time.Now().Add(time.Minute)
	p := newPacer(start, 1000)
	var mu sync.Mutex
	var got []time.Duration
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				due, ok := p.next(end)
				if !ok {
					t.Error("the end is a minute away")
				}
				mu.Lock()
				got = append(got, due.Sub(start))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(got)
	for i, d := range got {
		if d != time.Duration(i)*time.Millisecond {
			t.Fatalf("instant %d is %v, want %d ms", i, d, i)
		}
	}
}

func TestPacerWaits(t *testing.T) {
	start := time.Now()
	p := newPacer(start, 200)
	for range 4 {
		due, ok := p.next(start.Add(time.Hour))
		if !ok || time.Now().Before(due) {
			t.Errorf("returned before the instant %v", due.Sub(start))
		}
	}
}

func TestPacerEnds(t *testing.T) {
	start := time.Now().Add(-time.Hour)
	p := newPacer(start, 10)
	end := start.Add(time.Second) // long past: ten instants were due, none is sent
	if _, ok := p.next(end); ok {
		t.Error("an instant was handed out after the end")
	}
	if got := p.unsent(end); got != 10 {
		t.Errorf("unsent: got %d, want 10", got)
	}
}
