package conformance

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/runtime/trees"
)

// A foreignWorld is a server of another server's repository, and its clients: in JSON,
// with bytes, and over gRPC.
type foreignWorld struct {
	t            *testing.T
	url          string
	text, binary *client.Client
	rpc          *clientgrpc.Client
}

// patience is how long a call may take on a machine that does much else.
const patience = 5 * time.Minute

// serveForeign serves a repository with models in Python, which it is skipped without.
func serveForeign(t *testing.T, models string) *foreignWorld {
	t.Helper()
	interpreter, err := filepath.Abs(venv)
	if err != nil {
		t.Fatal(err)
	}
	set := &catalog.Set{}
	trees.Register(set)
	python.Register(set, python.Options{Interpreter: interpreter, Logger: (&testLog{t: t}).logger()})
	w := &foreignWorld{t: t}
	at := runServer(t, server.RunConfig{
		Config: server.Config{Models: models, Catalog: set, Timeout: patience, Name: "leat", Logger: (&testLog{t: t}).logger()},
		HTTP:   "127.0.0.1:0", GRPC: "127.0.0.1:0", Admin: "127.0.0.1:0", Drain: patience,
	})
	w.url = at.HTTP
	for to, encoding := range map[**client.Client]client.Encoding{&w.text: client.JSON, &w.binary: client.Binary} {
		if *to, err = client.New(at.HTTP, &client.Options{Encoding: encoding, Timeout: patience}); err != nil {
			t.Fatal(err)
		}
	}
	if w.rpc, err = clientgrpc.New(at.GRPC, &clientgrpc.Options{Timeout: patience}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.rpc.Close() })
	return w
}

// runServer runs a server with ports until the test ends.
func runServer(t *testing.T, c server.RunConfig) server.URLs {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	opened, ended := make(chan server.URLs, 1), make(chan error, 1)
	c.Started = func(_ *server.Core, at server.URLs) { opened <- at }
	go func() { ended <- server.Run(ctx, c) }()
	select {
	case at := <-opened:
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return at
	case err := <-ended:
		cancel()
		t.Fatal(err)
		return server.URLs{}
	}
}

func needsPython(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	if _, err := os.Stat(venv); err != nil {
		t.Skip("there is no .venv with numpy and scikit-learn; make setup makes it")
	}
}

// An asker asks for an inference.
type asker func(context.Context, *client.Request) (*client.Response, error)

// asks are the three ways to ask for an inference.
func (w *foreignWorld) asks() map[string]asker {
	return map[string]asker{"JSON": w.timely(w.text.Infer), "bytes": w.timely(w.binary.Infer), "gRPC": w.timely(w.rpc.Infer)}
}

// What is not answered in hangTime is likely to hang: then it is told what every
// goroutine does, and the request ends when twice the time is over.
const hangTime = time.Minute

// timely is an asker whose requests do not hang for long.
func (w *foreignWorld) timely(ask asker) asker {
	return func(ctx context.Context, req *client.Request) (*client.Response, error) {
		told := make(chan struct{})
		watch := time.AfterFunc(hangTime, func() {
			defer close(told)
			stacks := make([]byte, 4<<20)
			w.t.Logf("model %s has not answered for %v; the goroutines:\n%s", req.Model, hangTime, stacks[:runtime.Stack(stacks, true)])
		})
		defer func() {
			if !watch.Stop() { // the test must not end before
				<-told
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, 2*hangTime)
		defer cancel()
		return ask(ctx, req)
	}
}

// wants asks in all three ways for outputs of a datatype.
func wants[T client.Element](t *testing.T, w *foreignWorld, req *client.Request, output string, shape []int, want []T) {
	t.Helper()
	for name, ask := range w.asks() {
		r, err := ask(t.Context(), req)
		if err != nil {
			t.Errorf("%s: %s: %v", req.Model, name, err)
			continue
		}
		got, err := client.Data[T](r, output)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %s: %s: %v (-want +got)\n%s", req.Model, name, output, err, d)
		} else if d := cmp.Diff(shape, r.Output(output).Shape); d != "" {
			t.Errorf("%s: %s: shape of %s (-want +got)\n%s", req.Model, name, output, d)
		}
	}
}

// TestTritonsPythonRepository serves models of Triton's Python backend: one with
// batches, an ensemble of two, one with a reshape and one whose answers are kept.
func TestTritonsPythonRepository(t *testing.T) {
	needsPython(t)
	w := serveForeign(t, filepath.Join("repositories", "triton"))
	t.Run("batches", w.batches)
	t.Run("errors", w.errorsOfOne)
	t.Run("ensemble", func(t *testing.T) {
		in := client.NewTensor("in", []float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
		req := &client.Request{Model: "pipe", Inputs: []*client.Tensor{in}}
		wants(t, w, req, "out", []int{2, 1}, []float32{7, 15})
		wants(t, w, req, "between", []int{2, 4}, []float32{2, 3, 4, 5, 6, 7, 8, 9})
	})
	t.Run("reshape", func(t *testing.T) {
		in := client.NewTensor("square", []float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
		wants(t, w, &client.Request{Model: "flat", Inputs: []*client.Tensor{in}}, "trace", []int{2, 1}, []float32{5, 13})
	})
	t.Run("cache", w.cached)
	t.Run("configuration", w.configured)
}

func rowsOfTwo(x ...float32) *client.Request {
	return &client.Request{Model: "rows", Inputs: []*client.Tensor{client.NewTensor("x", x, len(x)/2, 2)}}
}

// together asks for rows of one batch, each in a call of its own.
func (w *foreignWorld) together(t *testing.T, reqs ...*client.Request) (answers []*client.Response, errs []error) {
	answers, errs = make([]*client.Response, len(reqs)), make([]error, len(reqs))
	ways := []func(context.Context, *client.Request) (*client.Response, error){w.text.Infer, w.binary.Infer, w.rpc.Infer}
	var wg sync.WaitGroup
	for i, req := range reqs {
		wg.Go(func() { answers[i], errs[i] = ways[i%len(ways)](t.Context(), req) })
	}
	wg.Wait()
	return answers, errs
}

// batches asks for four rows by three requests, which the model gets together since
// nothing goes before there are four, and then for four by one.
func (w *foreignWorld) batches(t *testing.T) {
	reqs := []*client.Request{rowsOfTwo(1, 2), rowsOfTwo(3, 4, 5, 6), rowsOfTwo(7, 8)}
	answers, errs := w.together(t, reqs...)
	for i, want := range [][]float32{{2, 4}, {6, 8, 10, 12}, {14, 16}} {
		if errs[i] != nil {
			t.Errorf("request %d: %v", i, errs[i])
			continue
		}
		y, err := client.Data[float32](answers[i], "y")
		if d := cmp.Diff(want, y); err != nil || d != "" {
			t.Errorf("request %d: %v (-want +got)\n%s", i, err, d)
		}
		n, err := client.Data[int32](answers[i], "together")
		if err != nil || n[0] != 3 {
			t.Errorf("request %d: execute got %v requests, %v, want 3", i, n, err)
		}
	}
	wants(t, w, rowsOfTwo(1, 2, 3, 4, 5, 6, 7, 8), "y", []int{4, 2}, []float32{2, 4, 6, 8, 10, 12, 14, 16})
	for name, ask := range map[string]func(context.Context, string, string) ([]client.ModelStatistics, error){"HTTP": w.text.Statistics, "gRPC": w.rpc.Statistics} {
		all, err := ask(t.Context(), "rows", "")
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %v, %v", name, all, err)
		}
		s := all[0]
		if s.InferenceCount != 16 || s.ExecutionCount != 4 || s.Inference.Success.Count != 6 || len(s.Batches) != 1 || s.Batches[0].Size != 4 {
			t.Errorf("%s: four calls of four rows, by six requests: %+v", name, s)
		}
	}
}

// errorsOfOne asks together with a request that fails: the others do not.
func (w *foreignWorld) errorsOfOne(t *testing.T) {
	answers, errs := w.together(t, rowsOfTwo(1, 2), rowsOfTwo(-3, 4), rowsOfTwo(5, 6, 7, 8))
	if errs[1] == nil || !strings.Contains(errs[1].Error(), "x is negative") {
		t.Errorf("the request that is wrong: %v", errs[1])
	}
	for _, i := range []int{0, 2} {
		if errs[i] != nil {
			t.Errorf("request %d: %v", i, errs[i])
			continue
		}
		if y, err := client.Data[float32](answers[i], "y"); err != nil || y[0] != float32([]int{2, 0, 10}[i]) {
			t.Errorf("request %d: %v, %v", i, y, err)
		}
	}
}

// cached asks for the same often, which the model is asked for once.
func (w *foreignWorld) cached(t *testing.T) {
	of := func(x int64) *client.Request {
		return &client.Request{Model: "counted", Inputs: []*client.Tensor{client.NewTensor("x", []int64{x}, 1)}}
	}
	wants(t, w, of(7), "times", []int{1}, []int64{1})
	wants(t, w, of(8), "times", []int{1}, []int64{2})
	wants(t, w, of(7), "times", []int{1}, []int64{1})
	all, err := w.rpc.Statistics(t.Context(), "counted", "1")
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if s := all[0]; s.Inference.CacheHit.Count != 7 || s.Inference.CacheMiss.Count != 2 || s.ExecutionCount != 2 {
		t.Errorf("seven answers of nine were there: %+v", s)
	}
}

// configured wants the configuration that the files say, in both protocols.
func (w *foreignWorld) configured(t *testing.T) {
	want := &client.ModelConfig{
		Name: "rows", Backend: "python", MaxBatchSize: 4,
		Inputs: []client.ConfigTensor{{Name: "x", DataType: "TYPE_FP32", Dims: []int64{2}}},
		Outputs: []client.ConfigTensor{
			{Name: "y", DataType: "TYPE_FP32", Dims: []int64{2}}, {Name: "together", DataType: "TYPE_INT32", Dims: []int64{1}},
		},
	}
	got, err := w.rpc.ModelConfig(t.Context(), "rows", "1")
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got)\n%s", err, d)
	}
	var doc struct {
		Batching struct {
			Preferred []int `json:"preferred_batch_size"`
			Delay     any   `json:"max_queue_delay_microseconds"`
		} `json:"dynamic_batching"`
	}
	a := get("/v2/models/rows/config", 200).do(t, w.url)
	if err := json.Unmarshal(a.body, &doc); err != nil || len(doc.Batching.Preferred) != 1 || doc.Batching.Preferred[0] != 4 {
		t.Errorf("%v in %s", doc, a.body)
	}
}

// trained is a classifier of iris in a file, and rows with what it predicts of them.
func trained(t *testing.T, file string) (rows []float64, want []int64) {
	t.Helper()
	train := exec.CommandContext(t.Context(), venv, "repositories/train.py", file)
	train.Stderr = os.Stderr
	said, err := train.Output()
	if err != nil {
		t.Fatal(err)
	}
	var matrix [][]float64
	if err := json.Unmarshal(said, &[]any{&matrix, &want}); err != nil {
		t.Fatal(err)
	}
	for _, r := range matrix {
		rows = append(rows, r...)
	}
	return rows, want
}

// TestMLServersRepository serves a classifier of scikit-learn and a class of one's own.
func TestMLServersRepository(t *testing.T) {
	needsPython(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("repositories", "mlserver"))); err != nil {
		t.Fatal(err)
	}
	rows, want := trained(t, filepath.Join(dir, "iris", "model.joblib"))
	w := serveForeign(t, dir)
	in := client.NewTensor("rows", rows, len(want), 4)
	wants(t, w, &client.Request{Model: "iris", Version: "v1", Inputs: []*client.Tensor{in}}, "output-0", []int{len(want)}, want)
	three := client.NewTensor("x", []float64{1, 2, 0.5}, 3, 1)
	wants(t, w, &client.Request{Model: "scale", Inputs: []*client.Tensor{three}}, "scaled", []int{3, 1}, []float64{3, 6, 1.5})
	about, err := w.rpc.ModelMetadata(t.Context(), "scale", "")
	if err != nil || about.Name != "scale" || !cmp.Equal(about.Versions, []string{"v2"}) {
		t.Errorf("%+v, %v", about, err)
	}
}

// echoSettings is a class of MLServer's that answers what it is told of itself, and with
// what is in a file beside it.
const echoSettings = `import json
from mlserver import MLModel, types
from mlserver.utils import get_model_uri


class Echo(MLModel):
    async def load(self):
        with open(await get_model_uri(self.settings, wellknown_filenames=["note.txt"])) as f:
            self.note = f.read()
        return True

    async def predict(self, payload):
        p = self.settings.parameters
        said = json.dumps([self.decode(payload.inputs[0]), self.note, p.version, p.content_type, p.depth, p.extra])
        return types.InferenceResponse(model_name=self.name, outputs=[types.ResponseOutput(name="said", shape=[1], datatype="BYTES", data=[said])])
`

// TestMLServersSettings serves a class that is in the repository's folder, whose model's
// settings say more than MLServer has names for.
func TestMLServersSettings(t *testing.T) {
	needsPython(t)
	dir := t.TempDir()
	for file, text := range map[string]string{
		"echoing.py":    echoSettings,
		"echo/note.txt": "a note",
		"echo/model-settings.json": `{"name": "echo", "implementation": "echoing.Echo", "version": "v9",
			"inputs": [{"name": "x", "datatype": "BYTES", "shape": [7], "parameters": {"content_type": "base64"}}],
			"parameters": {"version": "v1", "content_type": "str", "depth": 3, "extra": {"class": "a", "uri": "b"}}}`,
	} {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w := serveForeign(t, dir)
	a := post("/v2/models/echo/infer", `{"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "parameters": {"content_type": "str"}, "data": ["hi"]}]}`).do(t, w.url)
	const want = `[\"hi\"], \"a note\", \"v1\", \"str\", 3, {\"class\": \"a\", \"uri\": \"b\"}]`
	if a.status != 200 || !strings.Contains(string(a.body), want) {
		t.Errorf("%d %s, want %s", a.status, a.body, want)
	}
	// the shape is shown, and nobody is held to it
	const inputs = `"inputs":[{"name":"x","datatype":"BYTES","shape":[7]}]`
	if a := (call{method: "GET", path: "/v2/models/echo"}).do(t, w.url); !strings.Contains(string(a.body), inputs) {
		t.Errorf("%s, want %s", a.body, inputs)
	}
}

// TestKServesService serves an InferenceService from its file, whose model is in a
// folder of this machine.
func TestKServesService(t *testing.T) {
	needsPython(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "storage"), 0o755); err != nil {
		t.Fatal(err)
	}
	rows, want := trained(t, filepath.Join(dir, "storage", "model.joblib"))
	file := filepath.Join(dir, "iris.yaml")
	service := `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris-classifier
  annotations: {"sidecar.istio.io/inject": "false"}
spec:
  predictor:
    minReplicas: 1
    batcher: {maxBatchSize: 32, maxLatency: 10}
    model:
      modelFormat: {name: sklearn}
      protocolVersion: v2
      storageUri: file://` + dir + `/storage
      resources: {limits: {cpu: "1"}}
`
	if err := os.WriteFile(file, []byte(service), 0o644); err != nil {
		t.Fatal(err)
	}
	w := serveForeign(t, file)
	in := client.NewTensor("input-0", rows, len(want), 4)
	wants(t, w, &client.Request{Model: "iris-classifier", Inputs: []*client.Tensor{in}}, "output-0", []int{len(want)}, want)
	v1, err := json.Marshal(map[string]any{"instances": [][]float64{rows[:4], rows[4:8]}})
	if err != nil {
		t.Fatal(err)
	}
	predictions, err := json.Marshal(map[string]any{"predictions": want[:2]})
	if err != nil {
		t.Fatal(err)
	}
	a := post("/v1/models/iris-classifier:predict", string(v1)).do(t, w.url)
	if a.status != 200 || !sameBody(string(a.body), string(predictions)) {
		t.Errorf("%d %s, want %s", a.status, a.body, predictions)
	}
}
