package grpc

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// A brittle connection breaks when it has sent some bytes.
type brittle struct {
	net.Conn
	left atomic.Int64
}

func (b *brittle) Write(p []byte) (int, error) {
	if b.left.Add(-int64(len(p))) < 0 {
		_, _ = b.Conn.Write(p[:len(p)/2])
		_ = b.Close()
		return 0, net.ErrClosed
	}
	return b.Conn.Write(p)
}

// TestVanish has clients go away in the middle of requests, wherever they are,
// which leaves nothing behind.
func TestVanish(t *testing.T) {
	var inside atomic.Int64
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		inside.Add(1)
		defer inside.Add(-1)
		if ev.Target.Model == "slow" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return echo(ctx, ev)
	}, Options{})
	if _, err := w.ModelInfer(in(t), floats("m")); err != nil {
		t.Fatal(err)
	}
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(patience); strings.Count(string(stacks[:runtime.Stack(stacks, true)]), ".(*lane).Accept(") < lanes; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not all lanes accept connections")
		}
	}
	before := runtime.NumGoroutine() // all that serve among them: the first request may be answered while they begin
	large := request("slow", input1("x", "UINT8", []int64{40000}, nil))
	large.RawInputContents = [][]byte{make([]byte, 40000)}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range 300 {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			w.vanish(t, large, int64(i*150), i%3 == 0)
		})
	}
	wg.Wait()
	for deadline := time.Now().Add(patience); inside.Load() > 0 || runtime.NumGoroutine() > before+4; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests are inside, there are %d goroutines, and were %d:\n%s", inside.Load(), runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
	if _, err := w.ModelInfer(in(t), floats("m")); err != nil {
		t.Error(err)
	}
}

// vanish sends a request over a connection that breaks after some bytes, and goes
// away if it has not broken by then.
func (w *world) vanish(t *testing.T, req *pb.ModelInferRequest, after int64, streams bool) {
	conn := w.dial(t, gogrpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		c, err := w.listen.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		b := &brittle{Conn: c}
		b.left.Store(after)
		return b, nil
	}))
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	client := pb.NewGRPCInferenceServiceClient(conn)
	if !streams {
		if _, err := client.ModelInfer(ctx, req); err == nil {
			t.Error("a request was answered")
		}
		return
	}
	if s, err := client.ModelStreamInfer(ctx); err == nil {
		_ = s.Send(req)
		_, _ = s.Recv()
	}
}

// TestGone: a connection that broke while an answer was sent is not told of as a
// failure of the server's.
func TestGone(t *testing.T) {
	err := gone(status.Error(codes.Unavailable, "transport is closing"))
	if code := statusOf(err).Code(); code != codes.Canceled || blames(code) {
		t.Errorf("got %v", err)
	}
	if err := status.Error(codes.Internal, "no"); gone(err) != err || gone(nil) != nil { //nolint:errorlint // the same
		t.Error("another error was changed")
	}
}
