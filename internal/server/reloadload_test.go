package server

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/bench/load"
)

// TestReloadUnderLoad reloads hundreds of times, every third one in vain, while
// requests come as they are due: none fails, none is seen by two generations, no
// step runs that is closed, and nothing piles up.
func TestReloadUnderLoad(t *testing.T) {
	const reloads = 300
	w := &world{}
	f := &flow{w: w, probes: 3}
	core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set()})
	srv := httptest.NewServer(core.Handler())
	defer srv.Close()
	answered := make(chan *load.Result, 1)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	go func() {
		r, err := load.Run(ctx, load.Options{
			Addr: strings.TrimPrefix(srv.URL, "http://"), Request: load.Render("/", []byte(`{"inputs":[1]}`)),
			Conns: 4, Rate: 2000, Duration: time.Hour, Timeout: 10 * time.Minute,
			Limit: math.MaxInt32, VerifyEvery: 1, Verify: func(body []byte) error {
				if !bytes.Contains(body, []byte(`"outputs":[0]`)) && !bytes.Contains(body, []byte(`"outputs":[1]`)) {
					return fmt.Errorf("answer %s", body)
				}
				return nil
			},
		})
		if err != nil {
			t.Error(err)
		}
		answered <- r
	}()
	var goroutines, heap uint64 // after a third of the reloads
	for i := range reloads {
		before := w.events()
		waitFor(t, "requests come", func() bool { return w.events() > before+2 })
		spec, bad := f.spec(weight(float64(i%2))), i%3 == 2
		if bad {
			spec.Graph.Steps[3].Args["fault"] = []string{"error", "panic"}[i%2]
		}
		if err := core.Reload(t.Context(), content(spec)); (err != nil) != bad {
			t.Fatalf("reload %d: %v", i, err)
		}
		if core.Ready() != nil {
			t.Errorf("not ready after reload %d", i)
		}
		if i == reloads/3 {
			goroutines, heap = settled(core)
		}
	}
	grown := func(n, held uint64) bool { return n > goroutines+10 || held > heap+4<<20 }
	n, held := settled(core)
	for deadline := time.Now().Add(time.Minute); grown(n, held) && time.Now().Before(deadline); { // requests come meanwhile, as many as are late
		n, held = settled(core)
	}
	enough()
	r := <-answered
	if r == nil {
		t.Fatal("no result")
	}
	if r.Failed()+r.Reconnects > 0 || r.OK() < reloads {
		t.Errorf("%d answers, %d failures, %d reconnects; the first %v", r.OK(), r.Failed(), r.Reconnects, r.First)
	}
	if grown(n, held) {
		t.Errorf("%d goroutines and %d bytes in use after a third of the reloads, %d and %d after all", goroutines, heap, n, held)
	}
	if n := w.open.Load(); n != 3 {
		t.Errorf("%d steps are open", n)
	}
	w.check(t)
}

// settled is what is in use when the old generations have left.
func settled(c *Core) (goroutines, heap uint64) {
	c.leaving.Wait()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return uint64(runtime.NumGoroutine()), m.HeapAlloc
}
