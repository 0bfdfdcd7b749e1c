package vanish

import (
	"context"
	"net"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// An echo answers with its inputs, and counts who is inside.
type echo struct{ inside *atomic.Int64 }

func (e echo) Predict(_ context.Context, req *serve.Request) (any, error) {
	e.inside.Add(1)
	defer e.inside.Add(-1)
	return req.Inputs, nil
}

// TestVanish has some hundreds of clients go away, of every kind and at every place,
// which leaves no goroutine and no request behind, and the server as it was.
func TestVanish(t *testing.T) {
	var inside atomic.Int64
	set := catalog.Default.Clone()
	set.Add(v2.Class("Echo", func() serve.Model { return echo{&inside} }))
	srv, err := leat.New(graph.NewRouter().AddModel("m", "Echo", "", nil), &leat.Options{Catalog: set})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv.Handler())
	defer web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeGRPC(ctx, l) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	req := &client.Request{Model: "m", Inputs: []*client.Tensor{client.NewTensor("x", make([]float32, 1<<14), 1<<7, 1<<7)}}
	record := func() (all []*Recording) {
		for _, kind := range Kinds {
			r, err := Record(t.Context(), Server{HTTP: web.URL, GRPC: l.Addr().String()}, kind, req)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		return all
	}
	all := record()
	before := settled(func(n int) bool { return true })
	if err := All(t.Context(), all, 20*len(Kinds)*len(Places), 16); err != nil {
		t.Fatal(err)
	}
	after := settled(func(n int) bool { return n <= before && inside.Load() == 0 })
	if after > before || inside.Load() > 0 {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, and were %d; %d requests are inside:\n%s", after, before, inside.Load(), stacks[:runtime.Stack(stacks, true)])
	}
	record() // all kinds are answered
}

// settled is the number of goroutines when it is as wanted, or after two minutes.
func settled(wanted func(int) bool) int {
	n := runtime.NumGoroutine()
	for same, deadline := 0, time.Now().Add(2*time.Minute); same < 20 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if now := runtime.NumGoroutine(); now != n || !wanted(now) {
			n, same = now, 0
			continue
		}
		same++
	}
	return n
}
