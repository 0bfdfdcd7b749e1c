package repo

import (
	"runtime"
	"testing"
	"time"
)

// TestThousandRounds loads and unloads a model 1,000 times. Nothing stays
// behind.
func TestThousandRounds(t *testing.T) {
	root := tree(t, map[string]string{"m/1/x": "FAKE good one", "m/2/x": "FAKE good two"})
	r, f := serving(t, root, nil)
	round := func(n int) {
		for range n {
			if err := r.Unload(background, "m"); err != nil {
				t.Fatal(err)
			}
			if err := r.Load(background, "m"); err != nil {
				t.Fatal(err)
			}
		}
	}
	round(10)
	goroutines, heap := runtime.NumGoroutine(), held()
	round(1000)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) { // the last to end have their time
		n, now := runtime.NumGoroutine(), held()
		if n <= goroutines+2 && now <= heap+1<<20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before; %d bytes held, %d before", n, goroutines, now, heap)
		}
	}
	if n := f.open.Load(); n != 2 {
		t.Errorf("%d models open, want 2", n)
	}
	if n := len(r.locks); n != 0 {
		t.Errorf("%d locks left", n)
	}
}

// held is how much memory is in use.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
