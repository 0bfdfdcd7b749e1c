package clientgrpc_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
	"github.com/leat-ml/leat/serve"
)

// foreign returns clients for a server that is not ours, which make verify-clients
// starts: LEAT_FOREIGN names it, LEAT_FOREIGN_HTTP and LEAT_FOREIGN_GRPC are where it is.
// Its model echo answers with its inputs.
func foreign(t *testing.T) (name string, overHTTP *client.Client, overGRPC *clientgrpc.Client) {
	t.Helper()
	name = os.Getenv("LEAT_FOREIGN")
	if name == "" {
		t.Skip("LEAT_FOREIGN names no server: make verify-clients has some")
	}
	overHTTP, err := client.New(os.Getenv("LEAT_FOREIGN_HTTP"), nil)
	if err != nil {
		t.Fatal(err)
	}
	overGRPC, err = clientgrpc.New(os.Getenv("LEAT_FOREIGN_GRPC"), &clientgrpc.Options{BareStreams: name == "mlserver", KServe: name == "kserve"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(overHTTP.Close(), overGRPC.Close()) })
	return name, overHTTP, overGRPC
}

// TestForeign asks a server that is not ours.
func TestForeign(t *testing.T) {
	name, overHTTP, overGRPC := foreign(t)
	large := make([]float32, 1<<18)
	for i := range large {
		large[i] = float32(i) / 2
	}
	for by, c := range map[string]caller{"HTTP": overHTTP, "gRPC": overGRPC} {
		live, err1 := c.ServerLive(in(t))
		ready, err2 := c.ServerReady(in(t))
		model, err3 := c.ModelReady(in(t), "echo", "")
		nobody, err4 := c.ModelReady(in(t), "nobody", "")
		about, err5 := c.ServerMetadata(in(t))
		meta, err6 := c.ModelMetadata(in(t), "echo", "")
		if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil || !live || !ready || !model || nobody || about.Name == "" || meta.Name != "echo" {
			t.Errorf("%s over %s: %t %t %t %t %+v %+v: %v", name, by, live, ready, model, nobody, about, meta, err)
		}
		for _, want := range []*client.Tensor{
			client.NewTensor("x", []float32{1, 2.5}, 1, 2), client.NewTensor("x", []float64{1, 2.5}, 2), client.NewTensor("x", []int64{1 << 53, 1<<53 + 1}, 2),
			client.NewTensor("x", []int32{-1}, 1), client.NewTensor("x", []uint8{255}, 1, 1), client.NewTensor("x", []bool{true, false}, 2),
			client.NewTensor("x", []string{"a", "\u00e4"}, 2), client.NewTensor("x", large, 512, 512),
		} {
			r, err := c.Infer(in(t), &client.Request{Model: "echo", ID: "7", Inputs: []*client.Tensor{want}})
			if err != nil {
				t.Errorf("%s over %s: %s %v: %v", name, by, want.Datatype, want.Shape, err)
				continue
			}
			got := r.Outputs[0]
			if got.Datatype != want.Datatype || !cmp.Equal(got.Shape, want.Shape) || !cmp.Equal(got.Values(), want.Values()) || r.ID != "7" || r.Model != "echo" {
				t.Errorf("%s over %s: got %s %v %.100v, want %s %v %.100v", name, by, got.Datatype, got.Shape, got.Values(), want.Datatype, want.Shape, want.Values())
			}
		}
		_, err := c.Infer(in(t), &client.Request{Model: "nobody", Inputs: []*client.Tensor{client.NewTensor("x", []float32{1})}})
		if client.CodeOf(err) != serve.NotFound || !strings.Contains(err.Error(), "nobody") {
			t.Errorf("%s over %s: got %v", name, by, err)
		}
	}
}

// TestForeignStream has a stream of requests, and of answers.
func TestForeignStream(t *testing.T) {
	name, _, overGRPC := foreign(t)
	if name != "mlserver" {
		t.Skipf("%s has no streams", name)
	}
	answers := 0
	for r, err := range overGRPC.InferStream(in(t), &client.Request{Model: "echo", Inputs: []*client.Tensor{client.NewTensor("x", []int64{7})}}) {
		if err != nil {
			t.Fatal(err)
		}
		if x, err := client.Data[int64](r, "x"); err != nil || x[0] != 7 {
			t.Errorf("got %v, %v", x, err)
		}
		answers++
	}
	if answers != 3 {
		t.Errorf("%d answers", answers)
	}
}

// TestForeignRepository lists, unloads and loads.
func TestForeignRepository(t *testing.T) {
	name, overHTTP, overGRPC := foreign(t)
	if name == "kserve" {
		// Its server unloads the model and then fails to say so, and loads none again.
		err := overGRPC.Unload(in(t), "echo", false)
		if ready, err2 := overGRPC.ModelReady(in(t), "echo", ""); err2 != nil || ready || err != nil && client.CodeOf(err) != serve.Internal {
			t.Errorf("ready %t when unloaded: %v, %v", ready, err, err2)
		}
		return
	}
	for by, c := range map[string]caller{"HTTP": overHTTP, "gRPC": overGRPC} {
		list, err := c.Index(in(t), false)
		if err != nil || len(list) != 1 || list[0].Name != "echo" || list[0].State != "READY" {
			t.Errorf("%s over %s: got %v, %v", name, by, list, err)
		}
		err1 := c.Unload(in(t), "echo", false)
		ready, err2 := c.ModelReady(in(t), "echo", "")
		err3 := c.Load(in(t), "echo", nil)
		again, err4 := c.ModelReady(in(t), "echo", "")
		if err := errors.Join(err1, err2, err3, err4); err != nil || ready || !again {
			t.Errorf("%s over %s: ready %t when unloaded, %t when loaded: %v", name, by, ready, again, err)
		}
	}
}
