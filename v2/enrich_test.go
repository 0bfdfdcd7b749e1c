package v2_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// customers writes a table of features and returns its path.
func customers(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "customers.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const numbersOnly = "customer,age,income\n7,30,1000\n8,,3000\nx,50,\n"

// repeats is a model that answers with what it is sent.
type repeats struct{}

func (repeats) Predict(_ context.Context, req *serve.Request) (any, error) { return req.Data, nil }

func TestEnrichment(t *testing.T) {
	path := customers(t, numbersOnly)
	mixed := customers(t, "country,customer,city,age\nDE,7,Bonn,30\nFR,7,,\n")
	policy := map[string]any{"*": "$mean", "age": int64(33)}
	for _, tt := range []struct {
		name string
		args map[string]any
		body string
		want string // outputs, or an error
	}{
		{"objects", map[string]any{"feature_vector_uri": path}, `{"inputs":[{"customer":7},{"customer":"x","more":1}]}`, `[[30,1000],[50,null]]`},
		{"single values", map[string]any{"feature_vector_uri": path}, `{"inputs":[7,8]}`, `[[30,1000],[null,3000]]`},
		{"texts", map[string]any{"feature_vector_uri": "file://" + path}, `{"inputs":["x","7"]}`, `[[50,null],[30,1000]]`},
		{"lists", map[string]any{"feature_vector_uri": path}, `{"inputs":[[7],["x"]]}`, `[[30,1000],[50,null]]`},
		{"a matrix of keys", map[string]any{"feature_vector_uri": path}, `{"inputs":[[7],[8.0]]}`, `[[30,1000],[null,3000]]`},
		{"no keys", map[string]any{"feature_vector_uri": path}, `{"inputs":[]}`, `[]`},
		{"filled in", map[string]any{"feature_vector_uri": path, "impute_policy": policy}, `{"inputs":[8,"x",9]}`, `[[33,3000],[50,2000],[33,2000]]`},
		{"chosen columns", map[string]any{"feature_vector_uri": path, "features": []any{"income", "age"}}, `{"inputs":[7]}`, `[[1000,30]]`},
		{"two entities", map[string]any{"feature_vector_uri": mixed, "entities": []any{"customer", "country"}}, `{"inputs":[{"country":"DE","customer":7},[7,"FR"]]}`, `[["Bonn",30],[null,null]]`},
		{"texts filled in", map[string]any{"feature_vector_uri": mixed, "entities": []any{"country"}, "features": []any{"city", "age"}, "impute_policy": map[string]any{"city": "Paris", "*": "$max"}}, `{"inputs":["FR"]}`, `[["Paris",30]]`},
		{"unknown key", map[string]any{"feature_vector_uri": path}, `{"inputs":[99]}`, "there are no features for 99"},
		{"a tensor", map[string]any{"feature_vector_uri": path}, `{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[7]}]}`, "inputs: key 0: it is a tensor: keys come in MLRun's dialect"},
		{"wrong entity", map[string]any{"feature_vector_uri": path}, `{"inputs":[{"id":7}]}`, `inputs: key 0: there is no "customer"`},
		{"wrong length", map[string]any{"feature_vector_uri": path}, `{"inputs":[[7,8]]}`, "inputs: key 0: it has 2 values, but a key has 1: customer"},
		{"a longer matrix", map[string]any{"feature_vector_uri": path}, `{"inputs":[[7,8],[7,8]]}`, "inputs: key 0: it has 2 values, but a key has 1: customer"},
		{"a deeper matrix", map[string]any{"feature_vector_uri": path}, `{"inputs":[[[7]]]}`, "inputs: key 0: customer is [7], which is no key"},
		{"a number in a list", map[string]any{"feature_vector_uri": path}, `{"inputs":["x",[1,2]]}`, "inputs: key 1: it has 2 values, but a key has 1: customer"},
		{"too many numbers", map[string]any{"feature_vector_uri": path}, `{"inputs":[1` + strings.Repeat(",1", 1<<14) + `]}`, "there are 16385 keys, but a request may have 16384"},
		{"too many texts", map[string]any{"feature_vector_uri": path}, `{"inputs":["x"` + strings.Repeat(`,"x"`, 1<<14) + `]}`, "there are 16385 keys, but a request may have 16384"},
		{"an empty matrix", map[string]any{"feature_vector_uri": path}, `{"inputs":[[],[]]}`, "inputs: key 0: it has 0 values, but a key has 1: customer"},
		{"null", map[string]any{"feature_vector_uri": path}, `{"inputs":[null]}`, "inputs: key 0: customer is null, which is no key"},
		{"no list", map[string]any{"feature_vector_uri": path}, `{"inputs":7}`, "inputs: they are not a list of keys"},
		{"an object", map[string]any{"feature_vector_uri": path}, `{"inputs":{"customer":7}}`, "inputs: they are not a list of keys"},
		{"no inputs", map[string]any{"feature_vector_uri": path}, `{"x":1}`, `Expected key "inputs" in request body`},
		{"a list as body", map[string]any{"feature_vector_uri": path}, `[7]`, "Unrecognized request format, caused by: the body is not a JSON object"},
		{"no JSON", map[string]any{"feature_vector_uri": path}, `{`, "Unrecognized request format"},
	} {
		if tt.args["entities"] == nil {
			tt.args["entities"] = "customer"
		}
		for _, mlrun := range []bool{false, true} {
			g := several(t, "EnrichmentModelRouter", tt.args, &catalog.Env{MLRun: mlrun}, route{"a", repeats{}})
			for _, path := range []string{"/v2/models/a/infer", "/"} {
				text, err := send(t, g, "POST", path, tt.body)
				switch {
				case err != nil && (!strings.Contains(err.Error(), tt.want) || serve.CodeOf(err) != serve.BadRequest):
					t.Errorf("%s: error %v (%v), want %s", tt.name, err, serve.CodeOf(err), tt.want)
				case err == nil && !strings.Contains(text, `"outputs":`+tt.want):
					t.Errorf("%s: %s, want outputs %s", tt.name, text, tt.want)
				}
			}
		}
	}
}

// TestEnrichmentOfQuestions: what is asked about models has no keys.
func TestEnrichmentOfQuestions(t *testing.T) {
	args := map[string]any{"feature_vector_uri": customers(t, numbersOnly), "entities": "customer"}
	for _, class := range []string{"EnrichmentModelRouter", "EnrichmentVotingEnsemble"} {
		g := several(t, class, args, nil, route{"a", number(1.5)}, route{"b", number(2.5)})
		for path, want := range map[string]string{
			"/":                  `{"name":"` + class + `"`,
			"/v2/health/ready":   `{"name":"` + class + `"`,
			"/v2/models":         `{"models":["a","b"`,
			"/v2/models/a":       `{"name":"a"`,
			"/v2/models/a/ready": "Model a is ready",
		} {
			if got := tell(t, g, "GET", path, ""); !strings.HasPrefix(got, want) {
				t.Errorf("%s: GET %s: %s, want %s", class, path, got, want)
			}
		}
	}
}

func TestEnrichmentVoting(t *testing.T) {
	args := map[string]any{"feature_vector_uri": customers(t, numbersOnly), "entities": "customer", "features": "age", "vote_type": "regression", "impute_policy": map[string]any{"*": "$min"}}
	rec := &kept{}
	g := several(t, "EnrichmentVotingEnsemble", args, &catalog.Env{Recorder: rec}, route{"a", scale(1)}, route{"b", scale(3)})
	if got := tell(t, g, "POST", "/v2/models/infer", `{"id":"i","inputs":[7,8]}`); got != `{"id":"i","model_name":"VotingEnsemble","outputs":[60,60],"model_version":"v1"}` {
		t.Error(got)
	}
	if last := rec.records[len(rec.records)-1]; last.Class != "EnrichmentVotingEnsemble" {
		t.Errorf("recorded as %s", last.Class)
	}
	if got := tell(t, g, "POST", "/v2/models/b/infer", `{"id":"i","inputs":[7]}`); got != `{"id":"i","model_name":"b","outputs":[90]}` {
		t.Error(got)
	}
}

func TestEnrichmentArguments(t *testing.T) {
	path := customers(t, numbersOnly)
	for _, tt := range []struct {
		args map[string]any
		want string
	}{
		{nil, "feature_vector_uri is missing"},
		{map[string]any{"feature_vector_uri": 1}, "feature_vector_uri is 1, not a string"},
		{map[string]any{"feature_vector_uri": path}, "entities is missing"},
		{map[string]any{"feature_vector_uri": path, "entities": 1}, "entities is 1, not a list of names"},
		{map[string]any{"feature_vector_uri": path, "entities": []any{1}}, "entities: 1 is not a name"},
		{map[string]any{"feature_vector_uri": path, "entities": "customer", "features": 1}, "features is 1, not a list of names"},
		{map[string]any{"feature_vector_uri": path, "entities": "customer", "impute_policy": "$mean"}, "impute_policy is $mean, not an object by feature"},
		{map[string]any{"feature_vector_uri": "project/vector:v1", "entities": "customer"}, `"project/vector:v1" is no source of features`},
		{map[string]any{"feature_vector_uri": path, "entities": "customer", "weihgts": 1}, `unknown argument "weihgts"`},
	} {
		for _, class := range []string{"EnrichmentModelRouter", "EnrichmentVotingEnsemble"} {
			if _, problems := build(class, tt.args, nil, route{"a", number(1)}); len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
				t.Errorf("%v: problems %v, want %s", tt.args, problems, tt.want)
			}
		}
	}
	// What is wrong with the table is told at the start.
	for want, args := range map[string]map[string]any{
		"no such file":                {"feature_vector_uri": path + ".csv", "entities": "customer"},
		`there is no column "id"`:     {"feature_vector_uri": path, "entities": "id"},
		`there is no feature "heigh"`: {"feature_vector_uri": path, "entities": "customer", "impute_policy": map[string]any{"heigh": 1}},
	} {
		g, problems := build("EnrichmentModelRouter", args, nil, route{"a", number(1)})
		if g == nil {
			t.Fatal(problems)
		}
		if err := g.Start(t.Context()); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "router EnrichmentModelRouter: ") {
			t.Errorf("error %v, want %s", err, want)
		}
		if err := g.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// broken is a source that is out of order.
type broken struct{ feature.Source }

func (broken) Columns() []feature.Column   { return []feature.Column{{Name: "age", Kind: feature.Float}} }
func (broken) Start(context.Context) error { return nil }
func (broken) Close(context.Context) error { return nil }

func (broken) Lookup(ctx context.Context, _ []feature.Key) ([]feature.Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, errors.New("connection refused")
}

// TestSourceOutOfOrder: it is not the request's fault.
func TestSourceOutOfOrder(t *testing.T) {
	r := v2.NewRouter(v2.RouterConfig{Enrichment: &v2.Enrichment{Source: broken{}, Entities: []string{"id"}}}, v2.NewRoutes(nil, false))
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	event := func() *serve.Event {
		return serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/a/infer"}, []byte(`{"inputs":[1]}`))
	}
	_, err := r.Do(t.Context(), event())
	if serve.CodeOf(err) != serve.Unavailable || err.Error() != "look up features: connection refused" {
		t.Errorf("error %v (%v)", err, serve.CodeOf(err))
	}
	ctx, cancel := context.WithTimeout(t.Context(), -1)
	defer cancel()
	if _, err := r.Do(ctx, event()); serve.CodeOf(err) != serve.Timeout {
		t.Errorf("error %v (%v), want a timeout", err, serve.CodeOf(err))
	}
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
