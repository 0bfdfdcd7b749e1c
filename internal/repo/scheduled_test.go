package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A counting runtime has models that double numbers, and notes the calls.
type counting struct {
	mu    sync.Mutex
	rows  []int // of each call
	busy  int   // calls that run
	most  int   // of those
	began chan struct{}
	again chan struct{} // calls wait for it, unless it is nil
	spec  serve.ModelSpec
}

func (c *counting) Load(_ context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	text, err := os.ReadFile(a.File)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spec = spec
	m := counted{c}
	switch strings.TrimSpace(string(text)) {
	case "fixed":
		return fixedCounted{m}, nil
	case "alone":
		return aloneCounted{m}, nil
	case "streams":
		return talker{}, nil
	}
	return m, nil
}

type counted struct{ c *counting }

func (m counted) Predict(ctx context.Context, req *serve.Request) (any, error) {
	m.c.enter(req.Inputs[0].Shape[0])
	defer m.c.leave()
	if m.c.again != nil {
		m.c.began <- struct{}{}
		select {
		case <-m.c.again:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	data, _, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(data))
	for i, v := range data {
		out[i] = 2 * v
	}
	if req.Parameters["output"] == "leaf" { // which is no output of the schema
		return []*serve.Tensor{serve.NewTensor("y", make([]int32, len(out)), len(out))}, nil
	}
	return []*serve.Tensor{serve.NewTensor("y", out, req.Inputs[0].Shape...)}, nil
}

func (c *counting) enter(rows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows = append(c.rows, rows)
	c.busy++
	c.most = max(c.most, c.busy)
}

func (c *counting) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
}

// described models have a schema; that of fixed ones is for one row.
func (m counted) Describe() serve.Description { return describing1(-1) }

type fixedCounted struct{ counted }

func (fixedCounted) Describe() serve.Description { return describing1(1) }

func describing1(rows int) serve.Description {
	return serve.Description{
		Inputs:  []serve.TensorSpec{{Name: "x", Datatype: serve.FP64, Shape: []int{rows, 1}}},
		Outputs: []serve.TensorSpec{{Name: "y", Datatype: serve.FP64, Shape: []int{rows, 1}}},
	}
}

type aloneCounted struct{ counted }

func (aloneCounted) Together() error { return errors.New("it wants each request alone") }

// countingRepository serves a folder with models of a counting runtime of some name.
func countingRepository(t *testing.T, name string, files map[string]string) (*Repository, *counting) {
	t.Helper()
	c := &counting{}
	set := &catalog.Set{}
	set.AddRuntime(catalog.RuntimeEntry{Name: name, Suffix: ".count", Runtime: c, Detect: func(file string, _ []byte) bool { return strings.HasSuffix(file, ".count") }})
	r, err := New(tree(t, files), Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
	if err == nil {
		err = r.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r, c
}

// infer asks a model for the doubles of numbers, a row each.
func infer(ctx context.Context, r *Repository, model, body string) (string, error) {
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/" + model + "/infer"}, []byte(body))
	if _, err := v2.NewRouter(v2.RouterConfig{}, r).Do(ctx, ev); err != nil {
		return "", err
	}
	text, err := oip.AppendBody(nil, ev.Body)
	return string(text), err
}

// TestBatching: requests in both dialects go together with those of their own, as
// model.yaml says, and each gets its own rows. A batch that is full goes at once, and
// nothing here is about time.
func TestBatching(t *testing.T) {
	r, c := countingRepository(t, "count", map[string]string{
		"m/1/model.count": "", "m/model.yaml": "batching: {max_rows: 4, delay: 1m}\nparameters: {depth: 3}\n",
	})
	if c.spec.Parameters["depth"] != int64(3) {
		t.Errorf("the runtime was told %v", c.spec.Parameters)
	}
	for name, one := range map[string]struct{ ask, answer string }{
		"rows": {`{"id": "%d", "inputs": [[%[1]d.5]]}`, `{"id":"%d","model_name":"m","outputs":[[%d]],"model_version":"1"}`},
		"tensors": {
			`{"id": "%d", "inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP64", "data": [%[1]d.5]}]}`,
			`{"id":"%d","model_name":"m","model_version":"1","outputs":[{"name":"y","shape":[1,1],"datatype":"FP64","data":[%d]}]}`,
		},
	} {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				got, err := infer(t.Context(), r, "m", fmt.Sprintf(one.ask, i))
				if want := fmt.Sprintf(one.answer, i, 2*i+1); strings.ReplaceAll(got, ".0", "") != want || err != nil {
					t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
				}
			})
		}
		wg.Wait()
		if d := cmp.Diff([]int{4, 4}, c.rows); d != "" {
			t.Errorf("%s: rows of the calls (-want +got):\n%s", name, d)
		}
		c.rows = nil
	}
}

// TestAnswersThatFollowTheFile: a model that answers otherwise where a request asks for
// it does so behind a batcher too.
func TestAnswersThatFollowTheFile(t *testing.T) {
	r, _ := countingRepository(t, "count", map[string]string{"m/1/model.count": "", "m/model.yaml": "batching: {max_rows: 4}\n"})
	got, err := infer(t.Context(), r, "m", `{"id": "1", "parameters": {"output": "leaf"}, "inputs": [[1], [2]]}`)
	if want := `{"id":"1","model_name":"m","outputs":[0,0],"model_version":"1"}`; got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestQueueOfBatching: where as many wait as may, the next one is told to come later.
func TestQueueOfBatching(t *testing.T) {
	r, c := countingRepository(t, "count", map[string]string{
		"m/1/model.count": "", "m/model.yaml": "instances: 1\nbatching: {max_rows: 8, max_queue: 1}\n",
	})
	c.began, c.again = make(chan struct{}), make(chan struct{})
	refused, answered := make(chan error, 3), make(chan string, 3)
	for range 3 {
		go func() {
			got, err := infer(t.Context(), r, "m", `{"inputs": [[1]]}`)
			if err != nil {
				refused <- err
				return
			}
			answered <- got
		}()
	}
	<-c.began // one has the model; of the others one waits, and one cannot
	if err := <-refused; serve.CodeOf(err) != serve.Unavailable || !strings.Contains(err.Error(), "exceeds maximum queue size: 1 requests wait for the model") {
		t.Errorf("refused: %v", err)
	}
	c.again <- struct{}{}
	<-c.began
	c.again <- struct{}{}
	<-answered
	<-answered
}

// TestInstances: no more calls run at a time than model.yaml says, and models in
// Python get as many workers.
func TestInstances(t *testing.T) {
	r, c := countingRepository(t, "count", map[string]string{"m/1/model.count": "", "m/model.yaml": "instances: 2\n"})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := infer(t.Context(), r, "m", `{"inputs": [[1], [2]]}`); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if c.most > 2 || len(c.rows) != 32 || slices.Max(c.rows) != 2 {
		t.Errorf("%d calls at a time, of %v rows", c.most, c.rows)
	}
	_, c = countingRepository(t, "python", map[string]string{"m/1/model.count": "", "m/model.yaml": "instances: 3\n"})
	if c.spec.Parameters["workers"] != int64(3) {
		t.Errorf("the runtime was told %v", c.spec.Parameters)
	}
}

// TestBatchingThatCannotBe: what keeps requests from being put together is a problem of
// model.yaml, with its place, though only the loaded model may tell.
func TestBatchingThatCannotBe(t *testing.T) {
	for _, tt := range []struct{ name, model, settings, want string }{
		{"one row", "fixed", "batching: {max_rows: 8}\n", `m/model.yaml:1:11: batching: "x" has the shape [1 1] in the model, which does not begin with any number of rows`},
		{"fewer rows", "", "parameters: {max_batch_size: 4}\nbatching:\n  max_rows: 8\n", `m/model.yaml:3:3: batching: max_rows is 8, but the model takes at most 4 rows`},
		{"each alone", "alone", "batching: {max_rows: 8}\n", `m/model.yaml:1:11: batching: it wants each request alone`},
		{"a stream", "streams", "batching: {max_rows: 8}\n", `m/model.yaml:1:11: batching: the model only streams, and such requests are not put together`},
		{"workers twice", "", "instances: 2\nparameters: {workers: 3}\n", `m/model.yaml:1:12: instances says how many workers there are, and so does the parameter workers: keep one of them`},
		{"fine", "", "parameters: {max_batch_size: 8}\nbatching: {max_rows: 8}\n", ""},
		{"one at a time", "fixed", "instances: 1\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := countingRepository(t, "count", map[string]string{"m/1/model.count": tt.model, "m/model.yaml": tt.settings})
			var got string
			var s *SettingsError
			if err := r.Status()[0].Err; errors.As(err, &s) {
				got = s.Error()
			} else if err != nil {
				t.Error(err)
			}
			if got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}
