package v2_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// atomicCounting is counting for models that run at the same time.
type atomicCounting struct{ records, requests, nanos atomic.Int64 }

func (c *atomicCounting) Record(serve.Record) { c.records.Add(1) }
func (c *atomicCounting) Begin()              {}
func (c *atomicCounting) End(_ string, _ serve.Code, d time.Duration) {
	c.requests.Add(1)
	c.nanos.Add(int64(d))
}
func (c *atomicCounting) Model(string, string) v2.Metrics      { return c }
func (c *atomicCounting) ModelState(string, string, v2.Status) {}

// says is a model that answers the same to everything.
type says struct {
	outputs any
	desc    serve.Description
}

func (m says) Predict(context.Context, *serve.Request) (any, error) { return m.outputs, nil }
func (m says) Describe() serve.Description                          { return m.desc }

// fails is a model that does not.
type fails struct{ err error }

func (m fails) Predict(context.Context, *serve.Request) (any, error) { return nil, m.err }

var errBoom = errors.New("boom")

// A route of a test: a model, or a step.
type route struct {
	key  string
	what any
}

// several builds a router of the class to routes.
func several(t *testing.T, class string, args map[string]any, env *catalog.Env, routes ...route) *graph.Graph {
	t.Helper()
	g, problems := build(class, args, env, routes...)
	if g == nil {
		t.Fatal(problems)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func build(class string, args map[string]any, env *catalog.Env, routes ...route) (*graph.Graph, []graph.Problem) {
	set := &catalog.Set{}
	v2.Register(set)
	spec := graph.NewRouter()
	spec.Graph.Class, spec.Graph.Args = class, args
	for _, r := range routes {
		what := r.what
		if f, ok := what.(func(context.Context, *serve.Event) (serve.Fate, error)); ok {
			what = serve.StepFunc(f)
		}
		construct := func(catalog.Args) (serve.Step, error) { return what.(serve.Step), nil }
		if m, ok := what.(serve.Model); ok {
			construct = v2.Object(m)
		}
		spec.AddRoute(r.key, graph.StepSpec{New: construct})
	}
	if env == nil {
		env = &catalog.Env{}
	}
	return graph.Build(spec, graph.Options{Catalog: set, Env: env})
}

const (
	rowBody = `{"id":"mine","inputs":[[1,2],[3,4]]}`
	oipBody = `{"id":"mine","inputs":[{"name":"x","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}]}`
)

// tell sends a request and returns the answer's text, or its error's.
func tell(t *testing.T, g *graph.Graph, method, path, body string) string {
	t.Helper()
	text, err := send(t, g, method, path, body)
	if err != nil {
		return "error: " + err.Error()
	}
	return text
}

func send(t *testing.T, g *graph.Graph, method, path, body string) (string, error) {
	t.Helper()
	ev := serve.NewEvent(serve.Target{Method: method, Path: path}, []byte(body))
	ev.ID = "ev"
	out, err := g.Serve(t.Context(), ev)
	if err != nil {
		return "", err
	}
	text, err := oip.AppendBody(nil, out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

var schema = serve.Description{
	Inputs:  []serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 2}}},
	Outputs: []serve.TensorSpec{{Name: "y", Datatype: serve.FP64, Shape: []int{-1}}},
}

func TestVotingURLs(t *testing.T) {
	routes := []route{{"a", says{[]float64{1}, serve.Description{}}}, {"b:v1", says{[]float64{2}, schema}}, {"b:v2", says{[]float64{4}, serve.Description{}}}}
	args := map[string]any{"weights": map[string]any{"a": int64(1), "b:v2": int64(3)}}
	const schemaText = `"inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"outputs":[{"name":"y","datatype":"FP64","shape":[-1]}]`
	for _, tt := range []struct {
		method, path, body string
		want, mlrun        string // mlrun is "" where it is the same
	}{
		{"GET", "/v2/models", "", `{"models":["a","b:v1","b:v2","VotingEnsemble"],"weights":{"a":1,"b:v2":3}}`, ""},
		{"POST", "/v2/models/", "{}", "error: the list of models is read with GET, not POST", `{"models":["a","b:v1","b:v2","VotingEnsemble"],"weights":{"a":1,"b:v2":3}}`},
		{"GET", "/", "", `{"name":"VotingEnsemble","version":"v2","extensions":[]}`, ""},
		{"GET", "/v2/models/VotingEnsemble", "", `{"name":"VotingEnsemble","version":"v1","versions":["v1"],"platform":"ensemble",` + schemaText + `}`, `{"name":"VotingEnsemble","version":"v1",` + schemaText + `}`},
		{"GET", "/v2/models/VotingEnsemble/versions/v1", "", `{"name":"VotingEnsemble","version":"v1","versions":["v1"],"platform":"ensemble",` + schemaText + `}`, `{"name":"VotingEnsemble","version":"v1",` + schemaText + `}`},
		{"GET", "/v2/models/a", "", `{"name":"a","version":"","versions":[],"platform":"","inputs":[],"outputs":[]}`, `{"name":"a","version":"","inputs":[],"outputs":[]}`},
		{"GET", "/v2/models/VotingEnsemble/ready", "", "Model VotingEnsemble is ready (event_id = ev)", ""},
		{"GET", "/v2/models/a/ready", "", "Model a is ready (event_id = ev)", ""},
		{"GET", "/v2/models/VotingEnsemble/infer", "", "error: ensemble VotingEnsemble: illegal model operation infer, method=GET", ""},
		{"POST", "/v2/models/VotingEnsemble/ready", rowBody, "error: ensemble VotingEnsemble: illegal model operation ready, method=POST", ""},
		{"GET", "/v2/models/infer", "", "error: ensemble VotingEnsemble: illegal model operation infer, method=GET", ""},
		{"POST", "/v2/models/a/infer", rowBody, `{"id":"mine","model_name":"a","outputs":[1]}`, "skip"},
		{"POST", "/v2/models/b/versions/v1/infer", rowBody, `{"id":"mine","model_name":"b","outputs":[2],"model_version":"v1"}`, "skip"},
		{"POST", "/v2/models/b/infer", rowBody, `{"id":"mine","model_name":"b","outputs":[4],"model_version":"v2"}`, "error: model b doesnt exist, available models: a | b:v1 | b:v2 | VotingEnsemble or an operation alone for ensemble operation"},
		{"POST", "/v2/models/c/infer", rowBody, "error: model c doesnt exist, available models: a | b:v1 | b:v2 | VotingEnsemble or an operation alone for ensemble operation", ""},
		{"POST", "/v2/models/VotingEnsemble/versions/v9/infer", rowBody, "error: model VotingEnsemble:v9 doesnt exist, available models: a | b:v1 | b:v2 | VotingEnsemble or an operation alone for ensemble operation", ""},
		{"POST", "/v1/models/a", rowBody, "error: illegal path prefix /v1/models/a, must start with /v2/models", ""},
		{"POST", "/v2/models/VotingEnsemble/infer", rowBody, `{"id":"mine","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`, `{"id":"ev","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`},
		{"POST", "/v2/models/VotingEnsemble", rowBody, `{"id":"mine","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`, `{"id":"ev","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`},
		{"POST", "/v2/models/predict", rowBody, `{"id":"mine","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`, `{"id":"ev","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`},
		{"POST", "/", `{"model":"a","inputs":[[1,2]]}`, `{"id":"ev","model_name":"VotingEnsemble","outputs":[3.25],"model_version":"v1"}`, ""},
		{"POST", "/", "", `error: ensemble VotingEnsemble: Expected key "inputs" in request body, which is empty`, "error: ensemble VotingEnsemble: argument of type 'NoneType' is not iterable"},
		{"POST", "/", "[1]", "error: ensemble VotingEnsemble: Unrecognized request format, caused by: the body is not a JSON object", ""},
		{"POST", "/", `{"x":1}`, `error: ensemble VotingEnsemble: Expected key "inputs" in request body`, ""},
		{"POST", "/", `{"inputs":1}`, `error: ensemble VotingEnsemble: Expected "inputs" to be a list`, ""},
		{"POST", "/v2/models/a/infer", `{"x":1}`, `error: model a: Expected key "inputs" in request body`, `error: Expected key "inputs" in request body`},
		{"POST", "/v2/models/explain", rowBody, "error: ensemble VotingEnsemble: model a: explain: the model does not explain", "error: ensemble VotingEnsemble: model a failed, caused by: NotImplementedError: the model does not explain"},
		{"POST", "/v2/models/VotingEnsemble/myop", rowBody, "error: ensemble VotingEnsemble: model a: illegal model operation myop, method=POST", "error: ensemble VotingEnsemble: model a failed, caused by: ValueError: illegal model operation myop, method=POST"},
	} {
		for _, mlrun := range []bool{false, true} {
			want := tt.want
			if mlrun && tt.mlrun != "" {
				want = tt.mlrun
			}
			if want == "skip" { // it has a timestamp
				continue
			}
			args["vote_type"] = "regression"
			g := several(t, "VotingEnsemble", args, &catalog.Env{MLRun: mlrun}, routes...)
			if got := tell(t, g, tt.method, tt.path, tt.body); got != want {
				t.Errorf("%s %s %s, mlrun %v:\n got %s\nwant %s", tt.method, tt.path, tt.body, mlrun, got, want)
			}
		}
	}
}

func probs(v ...float32) *serve.Tensor { return serve.NewTensor("p", v, len(v)/2, 2) }
func ints(v ...int64) *serve.Tensor    { return serve.NewTensor("label", v) }

func TestVotingAnswers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		args    map[string]any
		answers []any
		rows    string // outputs
		oip     string
	}{
		{"whole numbers", nil, []any{[]float64{1, 2}, []float64{1, 3}, []float64{5, 3}}, `[1,3]`, `[{"name":"output-0","shape":[2],"datatype":"FP64","data":[1,3]}]`},
		{"integers", nil, []any{[]int64{-1}, []int64{-1}, []int64{4}}, `[-1]`, `[{"name":"output-0","shape":[1],"datatype":"INT64","data":[-1]}]`},
		{"a fraction", nil, []any{[]float64{1}, []float64{1.5}, []float64{2}}, `[1.5]`, `[{"name":"output-0","shape":[1],"datatype":"FP64","data":[1.5]}]`},
		{"declared", map[string]any{"vote_type": "regression"}, []any{[]int64{1}, []int64{2}}, `[1.5]`, `[{"name":"output-0","shape":[1],"datatype":"FP64","data":[1.5]}]`},
		{"labels", nil, []any{[]string{"no"}, []string{"yes"}, []string{"yes"}}, `["yes"]`, `[{"name":"output-0","shape":[1],"datatype":"BYTES","data":["yes"]}]`},
		{"truths", nil, []any{[]bool{true}, []bool{false}}, `[false]`, `[{"name":"output-0","shape":[1],"datatype":"BOOL","data":[false]}]`},
		{"a number", nil, []any{1.5, 2.5}, `2`, `[{"name":"output-0","shape":[1],"datatype":"FP64","data":[2]}]`},
		{"a whole number", nil, []any{int64(3), 5, int64(5)}, `5`, `[{"name":"output-0","shape":[1],"datatype":"INT64","data":[5]}]`},
		{"rows", map[string]any{"vote_type": "regression"}, []any{[][]float64{{1, 2}}, [][]float64{{2, 3}}}, `[[1.5,2.5]]`, `[{"name":"output-0","shape":[1,2],"datatype":"FP64","data":[1.5,2.5]}]`},
		{"mixed rows", nil, []any{[]any{[]any{1, 2.5}}, []any{[]any{2, 3.5}}}, `[[1.5,3]]`, `[{"name":"output-0","shape":[1,2],"datatype":"FP64","data":[1.5,3]}]`},
		{"one model", nil, []any{[]float64{0.1}}, `[0.1]`, `[{"name":"output-0","shape":[1],"datatype":"FP64","data":[0.1]}]`},
		{"soft", map[string]any{"vote_type": "soft"}, []any{probs(0.25, 0.75), probs(0.75, 0.25), probs(0.5, 0.5)}, `[[0.5,0.5]]`, `[{"name":"p","shape":[1,2],"datatype":"FP32","data":[0.5,0.5]}]`},
		{"a tensor", nil, []any{ints(7), ints(7)}, `[7]`, `[{"name":"label","shape":[1],"datatype":"INT64","data":[7]}]`},
		{"classes and probabilities", map[string]any{"vote_type": "classification"},
			[]any{[]*serve.Tensor{ints(1), probs(0.25, 0.75)}, []*serve.Tensor{ints(0), probs(0.75, 0.25)}, []*serve.Tensor{ints(1), probs(0.5, 0.5)}}, `[1]`,
			`[{"name":"label","shape":[1],"datatype":"INT64","data":[1]},{"name":"p","shape":[1,2],"datatype":"FP32","data":[0.5,0.5]}]`},
		{"of both, the probabilities", map[string]any{"vote_type": "soft"}, []any{[]*serve.Tensor{ints(1), probs(0.25, 0.75)}, []*serve.Tensor{ints(0), probs(0.75, 0.25)}}, "",
			`[{"name":"p","shape":[1,2],"datatype":"FP32","data":[0.5,0.5]}]`},
		{"a column", map[string]any{"format_response_with_col_name_flag": true, "prediction_col_name": "y"},
			[]any{map[string]any{"y": []float64{1.5}, "z": 1}, map[string]any{"y": []float64{2.5}, "z": 2}}, `{"y":[2]}`,
			`[{"name":"y","shape":[1],"datatype":"FP64","data":[2]}]`},
		{"the default column", map[string]any{"format_response_with_col_name_flag": true}, []any{map[string]any{"prediction": []string{"a"}}}, `{"prediction":["a"]}`,
			`[{"name":"prediction","shape":[1],"datatype":"BYTES","data":["a"]}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, executor := range []string{"", "thread", "array"} {
				args := map[string]any{"executor_type": executor, "version": ""}
				for k, v := range tt.args {
					args[k] = v
				}
				var routes []route
				for i, a := range tt.answers {
					routes = append(routes, route{string(rune('a' + i)), says{outputs: a}})
				}
				g := several(t, "VotingEnsemble", args, nil, routes...)
				for body, outputs := range map[string]string{rowBody: tt.rows, oipBody: tt.oip} {
					if outputs == "" {
						continue
					}
					want := `{"id":"mine","model_name":"VotingEnsemble","outputs":` + outputs + `}`
					if got := tell(t, g, "POST", "/v2/models/infer", body); got != want {
						t.Errorf("%s\n got %s\nwant %s", executor, got, want)
					}
				}
			}
		})
	}
}

func TestVotingRefuses(t *testing.T) {
	for _, tt := range []struct {
		args    map[string]any
		answers []any
		body    string
		want    string
	}{
		{nil, []any{[]float64{1}, []float64{1, 2}}, rowBody, "the models disagree about the shape: a answered [1] and b [2]"},
		{nil, []any{[]float64{1}, map[string]any{"y": 1}}, rowBody, "model b: the outputs are an object: which member is the prediction says prediction_col_name, with format_response_with_col_name_flag"},
		{map[string]any{"format_response_with_col_name_flag": true}, []any{map[string]any{"y": 1}}, rowBody, `model a: there is no "prediction" in the outputs`},
		{map[string]any{"format_response_with_col_name_flag": true}, []any{map[string]any{"prediction": map[string]any{}}}, rowBody, `model a: "prediction" in the outputs is an object`},
		{map[string]any{"format_response_with_col_name_flag": true}, []any{[]*serve.Tensor{ints(1), probs(0, 1)}}, oipBody, `model a: there is no output "prediction" in the answer`},
		{map[string]any{"vote_type": "classification"}, []any{[]float64{1.5}}, rowBody, `model a: element 0 of "" is 1.5, which is no class`},
		{map[string]any{"vote_type": "soft"}, []any{[]float64{1.5}}, rowBody, "a soft vote is one over rows of probabilities"},
		{map[string]any{"vote_type": "soft"}, []any{[]*serve.Tensor{ints(1), ints(2).Named("z")}}, oipBody, "a soft vote needs rows of probabilities"},
		{nil, []any{[]*serve.Tensor{ints(1), probs(0, 1)}, ints(1)}, oipBody, "the models disagree about the outputs: b answered one, others several or none"},
		{nil, []any{[]*serve.Tensor{ints(1), probs(0, 1)}, []*serve.Tensor{ints(1), ints(1).Named("z")}}, oipBody, `the models disagree about the outputs: b answered no "p"`},
		{nil, []any{[]*serve.Tensor{ints(1), probs(0, 1)}, []*serve.Tensor{ints(1, 2), probs(0, 1)}}, oipBody, `output "label": the models disagree about the shape`},
		{nil, []any{[]*serve.Tensor{}}, oipBody, "model a: there is no output in the answer"},
		{nil, []any{[]any{"a", 1}}, rowBody, "model a: the outputs are not of one kind"},
		{nil, []any{[]any{[]any{1}, "a"}}, rowBody, "model a: the outputs are lists of different lengths, or objects among others"},
	} {
		var routes []route
		for i, a := range tt.answers {
			routes = append(routes, route{string(rune('a' + i)), says{outputs: a}})
		}
		g := several(t, "VotingEnsemble", tt.args, nil, routes...)
		_, err := send(t, g, "POST", "/v2/models/infer", tt.body)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "ensemble VotingEnsemble: ") || serve.CodeOf(err) != serve.Internal {
			t.Errorf("error %v (%v), want %q", err, serve.CodeOf(err), tt.want)
		}
	}
}

// turns answers whole numbers and fractions by turns.
type turns struct{ n atomic.Int64 }

func (m *turns) Predict(context.Context, *serve.Request) (any, error) {
	return []float64{float64(m.n.Add(1)) / 2}, nil
}

// TestVoteIsNotFrozen: what one request was does not decide about the next.
func TestVoteIsNotFrozen(t *testing.T) {
	g := several(t, "VotingEnsemble", nil, nil, route{"a", &turns{}}, route{"b", says{outputs: []float64{4}}})
	var got []string
	for range 4 {
		text := tell(t, g, "POST", "/v2/models/infer", `{"inputs":[1]}`)
		_, text, _ = strings.Cut(text, `"outputs":`)
		got = append(got, strings.TrimSuffix(text, `,"model_version":"v1"}`))
	}
	if d := cmp.Diff([]string{"[2.25]", "[1]", "[2.75]", "[2]"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestVoteFromSchema(t *testing.T) {
	typed := func(dt serve.Datatype) serve.Description {
		return serve.Description{Outputs: []serve.TensorSpec{{Name: "y", Datatype: dt, Shape: []int{-1}}}}
	}
	label := func(valueType string) serve.Description {
		return serve.Description{Labels: []serve.Feature{{Name: "y", ValueType: valueType}}}
	}
	y := func(v float64) any { return serve.NewTensor("y", []float64{v}) }
	n := func(v int64) any { return serve.NewTensor("y", []int64{v}) }
	for _, tt := range []struct {
		name string
		a, b says
		want string
	}{
		{"floats", says{y(1), typed(serve.FP64)}, says{y(2), typed(serve.FP64)}, "[1.5]"},
		{"integers", says{n(1), typed(serve.Int64)}, says{n(2), typed(serve.Int64)}, "[1]"},
		{"one has a schema", says{y(1), typed(serve.FP64)}, says{y(2), serve.Description{}}, "[1.5]"},
		{"they differ", says{y(1), typed(serve.FP64)}, says{n(2), typed(serve.Int64)}, "[1]"},
		{"float labels", says{y(1), label("float")}, says{y(2), label("float")}, "[1.5]"},
		{"integer labels", says{y(1), label("int")}, says{y(2), label("int")}, "[1]"},
		{"labels of no type", says{y(1), label("")}, says{y(2), label("")}, "[1]"},
	} {
		g := several(t, "VotingEnsemble", nil, nil, route{"a", tt.a}, route{"b", tt.b})
		if got := tell(t, g, "POST", "/v2/models/infer", rowBody); !strings.Contains(got, `"outputs":`+tt.want+`,`) {
			t.Errorf("%s: %s, want outputs %s", tt.name, got, tt.want)
		}
	}
}
