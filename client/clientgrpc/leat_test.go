package clientgrpc_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A caller is what both clients can do.
type caller interface {
	ServerLive(ctx context.Context) (bool, error)
	ServerReady(ctx context.Context) (bool, error)
	ModelReady(ctx context.Context, model, version string) (bool, error)
	ServerMetadata(ctx context.Context) (*client.ServerMetadata, error)
	ModelMetadata(ctx context.Context, model, version string) (*client.ModelMetadata, error)
	ModelConfig(ctx context.Context, model, version string) (*client.ModelConfig, error)
	Statistics(ctx context.Context, model, version string) ([]client.ModelStatistics, error)
	Index(ctx context.Context, ready bool) ([]client.ModelState, error)
	Load(ctx context.Context, model string, opts *client.LoadOptions) error
	Unload(ctx context.Context, model string, dependents bool) error
	Infer(ctx context.Context, req *client.Request) (*client.Response, error)
	InferStream(ctx context.Context, req *client.Request) iter.Seq2[*client.Response, error]
	Close() error
}

// A doubler answers with its inputs, numbers twice as large. The input "wait" has it
// wait, and "fail" fail.
type doubler struct{}

func (doubler) Predict(ctx context.Context, req *serve.Request) (any, error) {
	var out []*serve.Tensor
	for _, in := range req.Inputs {
		switch in.Name {
		case "wait":
			<-ctx.Done()
			return nil, ctx.Err()
		case "fail":
			return nil, errors.New("the weights are gone")
		}
		if x, ok := serve.Data[float32](in); ok {
			twice := make([]float32, len(x))
			for i, v := range x {
				twice[i] = 2 * v
			}
			in = serve.NewTensor(in.Name, twice, in.Shape...)
		}
		out = append(out, in)
	}
	return out, nil
}

// A counter answers as often as its input says.
type counter struct{ serve.OnlyStreams }

func (counter) Stream(_ context.Context, req *serve.Request, send func(any) error) error {
	n, _ := serve.Data[int64](req.Inputs[0])
	for i := range n[0] {
		if err := send([]*serve.Tensor{serve.NewTensor("i", []int64{i})}); err != nil {
			return err
		}
	}
	if n[0] == 3 {
		return errors.New("three is too many")
	}
	return nil
}

// clients returns a client of each kind for a server of both models.
func clients(t *testing.T) map[string]caller {
	t.Helper()
	set := catalog.Default.Clone()
	set.Add(v2.Class("Doubler", func() serve.Model { return doubler{} }))
	set.Add(v2.Class("Counter", func() serve.Model { return counter{} }))
	srv, err := leat.New(graph.NewRouter().AddModel("m", "Doubler", "", nil).AddModel("count", "Counter", "", nil), &leat.Options{Catalog: set})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv.Handler())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeGRPC(ctx, l) }()
	t.Cleanup(func() {
		web.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	overHTTP, err := client.New(web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	overGRPC, err := clientgrpc.New("grpc://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]caller{"HTTP": overHTTP, "gRPC": overGRPC}
	for _, c := range all {
		t.Cleanup(func() { _ = c.Close() })
	}
	return all
}

func in(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestLeat: both clients get the same from a server.
func TestLeat(t *testing.T) {
	half, err := client.RawTensor("half", serve.FP16, []byte{0, 0x3c, 0, 0xc0}, 2)
	if err != nil {
		t.Fatal(err)
	}
	large := make([]float32, 1<<18)
	for i := range large {
		large[i] = float32(i)
	}
	req := &client.Request{Model: "m", ID: "7", Inputs: []*client.Tensor{
		client.NewTensor("x", []float32{1, 2.5}, 1, 2), client.NewTensor("s", []string{"a", "", "\u00e4"}, 3), half,
		client.NewTensor("u", []uint64{1<<64 - 1}), client.NewTensor("b", []bool{true, false}), client.NewTensor("n", []int8{-1}),
		client.NewTensor("none", []float64{}, 0, 2), client.NewTensor("large", large, 512, 512), client.NewTensor("raw", []string{"\xff\x00"}),
	}}
	for name, c := range clients(t) {
		resp, err := c.Infer(client.WithRequestID(in(t), "own-"+name), req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if resp.ID != "7" || resp.Model != "m" {
			t.Errorf("%s: got %s, %s", name, resp.ID, resp.Model)
		}
		for _, want := range req.Inputs {
			got := resp.Output(want.Name)
			if got == nil || got.Datatype != want.Datatype || !cmp.Equal(got.Shape, want.Shape) {
				t.Errorf("%s: got %+v, want %+v", name, got, want)
				continue
			}
			if want.Datatype != serve.FP32 && !cmp.Equal(want.Values(), got.Values()) {
				t.Errorf("%s: %s: got %v, want %v", name, want.Name, got.Values(), want.Values())
			}
		}
		if x, err := client.Data[float32](resp, "large"); err != nil || x[1000] != 2000 {
			t.Errorf("%s: %v", name, err)
		}
		questions(t, name, c)
		failures(t, name, c)
	}
}

func questions(t *testing.T, name string, c caller) {
	t.Helper()
	live, err1 := c.ServerLive(in(t))
	ready, err2 := c.ServerReady(in(t))
	model, err3 := c.ModelReady(in(t), "m", "")
	nobody, err4 := c.ModelReady(in(t), "nobody", "")
	about, err5 := c.ServerMetadata(in(t))
	meta, err6 := c.ModelMetadata(in(t), "m", "")
	_, err7 := c.ModelConfig(in(t), "m", "")
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if !live || !ready || !model || nobody || about.Name != "leat" || !about.Offers(client.BinaryTensors) || meta.Name != "m" {
		t.Errorf("%s: %t %t %t %t %+v %+v", name, live, ready, model, nobody, about, meta)
	}
}

func failures(t *testing.T, name string, c caller) {
	t.Helper()
	ask := func(ctx context.Context, model, input string) error {
		_, err := c.Infer(ctx, &client.Request{Model: model, Inputs: []*client.Tensor{client.NewTensor(input, []int8{1})}})
		return err
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for what, tt := range map[string]struct {
		err  error
		code serve.Code
		text string
	}{
		"unknown model": {ask(in(t), "nobody", "x"), serve.NotFound, "nobody"},
		"failed model":  {ask(in(t), "m", "fail"), serve.Internal, "the weights are gone"},
		"late":          {ask(short, "m", "wait"), serve.Timeout, "deadline"},
		"canceled":      {ask(stopped, "m", "x"), serve.Canceled, "canceled"},
		"no statistics": {statistics(in(t), c), serve.NotOffered, "does not count"},
		"only streams":  {ask(in(t), "count", "n"), serve.NotOffered, "any number of times"},
	} {
		if tt.err == nil || client.CodeOf(tt.err) != tt.code || !strings.Contains(tt.err.Error(), tt.text) {
			t.Errorf("%s: %s: got %v, code %d", name, what, tt.err, client.CodeOf(tt.err))
		}
	}
}

func statistics(ctx context.Context, c caller) error {
	_, err := c.Statistics(ctx, "m", "")
	return err
}

// TestStreams has a model answer several times.
func TestStreams(t *testing.T) {
	for name, c := range clients(t) {
		for n, want := range map[int64]string{0: "[]", 2: "[0 1]", 3: "[0 1 2 three is too many]"} {
			got := []string{}
			for r, err := range c.InferStream(in(t), &client.Request{Model: "count", Inputs: []*client.Tensor{client.NewTensor("n", []int64{n})}}) {
				var own *client.Error
				if errors.As(err, &own) {
					if !own.Ongoing {
						t.Errorf("%s: %v ends the stream", name, err)
					}
					got = append(got, own.Message[strings.LastIndex(own.Message, ":")+1:])
					continue
				}
				i, err := client.Data[int64](r, "i")
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprint(i[0]))
			}
			if s := strings.ReplaceAll(fmt.Sprint(got), "  ", " "); s != want {
				t.Errorf("%s: got %s, want %s", name, s, want)
			}
		}
		for _, err := range c.InferStream(in(t), &client.Request{Model: "count", Inputs: []*client.Tensor{client.NewTensor("n", []int64{1 << 40})}}) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			break
		}
		for _, err := range c.InferStream(in(t), &client.Request{Model: "nobody", Inputs: []*client.Tensor{client.NewTensor("n", []int64{1})}}) {
			if err == nil || !strings.Contains(err.Error(), "nobody") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}
