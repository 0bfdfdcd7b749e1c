package repo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything is a repository with a model in every state.
var everything = map[string]string{
	"churn.fake":            "FAKE good churn",
	"fraud/model.yaml":      "labels: {stable: 1, next: 2}\ndefault: stable",
	"fraud/1/model.fake":    "FAKE good fraud one",
	"fraud/2/model.fake":    "FAKE good fraud two",
	"multi/9/x":             "FAKE good nine",
	"multi/10/x":            "FAKE good ten",
	"half/1/x":              "FAKE good half",
	"half/2/x":              "FAKE bad the file is torn",
	"empty/1/":              "",
	"typo/model.yaml":       "lables: {}",
	"typo/1/x":              "FAKE good never",
	"triton/config.pbtxt":   "",
	"twice.fake":            "FAKE good never",
	"twice/x":               "FAKE good never",
	"iris/model_spec.yaml":  "kind: model\nspec: {model_file: m.fake, parameters: {classes: 3}}",
	"iris/m.fake":           "FAKE good iris",
	"README.md":             "# Models",
	"notebooks/train.ipynb": "{}",
}

func TestStatus(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	got := listing(r)
	file := filepath.Join("testdata", "status.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// TestOneOfManyVersions: what another version is answered stays short.
func TestOneOfManyVersions(t *testing.T) {
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprintf("m/%d/x", i+1)] = "FAKE good"
	}
	r, _ := serving(t, tree(t, files), nil)
	want := "not found: model m:41 doesnt exist, available models: m:40 | m:39 | m:38 | m:37 | m:36 | m:35 | m:34 | m:33 | m:32 | m:31 and 30 more"
	if got := answer(t, r, "m:41"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFileNamedOnce: the file of a model that does not load stands before why, unless it
// does already.
func TestFileNamedOnce(t *testing.T) {
	r, _ := serving(t, tree(t, map[string]string{"a/1/x": "FAKE bad x:1: torn", "b/1/x": "FAKE bad x: torn", "c/1/x": "FAKE bad xy: torn"}), nil)
	for model, want := range map[string]string{"a": "x:1: torn", "b": "x: torn", "c": "x: xy: torn"} {
		if got, want := answer(t, r, model), "unavailable: model "+model+":1 is not ready yet: it has failed: "+want; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	for _, c := range []struct{ model, want string }{
		{"churn", "churn"},
		{"churn:1", "churn"},
		{"churn:2", "not found: model churn:2 doesnt exist, available models: churn:1"},
		{"fraud", "fraud one"},
		{"fraud:1", "fraud one"},
		{"fraud:2", "fraud two"},
		{"fraud:stable", "fraud one"},
		{"fraud:next", "fraud two"},
		{"multi", "ten"},
		{"multi:9", "nine"},
		{"multi:8", "not found: model multi:8 doesnt exist, available models: multi:10 | multi:9"},
		{"iris", "iris"},
		{"half:1", "half"},
		{"half", "unavailable: model half:2 is not ready yet: it has failed: x: the file is torn"},
		{"empty", "unavailable: model empty:1 is not ready yet: it has failed: folder empty/1: there is no model in it that a runtime of this server knows (fake, other)"},
		{"typo", `unavailable: model typo is not ready yet: it has failed: typo/model.yaml:1:1: unknown key "lables" (did you mean "labels"?)`},
		{"typo:1", `unavailable: model typo is not ready yet: it has failed: typo/model.yaml:1:1: unknown key "lables" (did you mean "labels"?)`},
		{"twice", "unavailable: model twice is not ready yet: it has failed: 2 models have this name: twice.fake and twice; rename all but one"},
		{"nobody", "not found: model nobody doesnt exist, available models: churn | empty | fraud | half | iris | multi | triton | twice | typo"},
		{"../churn", "not found: model ../churn doesnt exist, available models: churn | empty | fraud | half | iris | multi | triton | twice | typo"},
	} {
		if got := answer(t, r, c.model); got != c.want {
			t.Errorf("%s: got %s, want %s", c.model, got, c.want)
		}
	}
	if r.Find("nobody", "") != nil || r.Find("churn", "7") != nil {
		t.Error("found something that is not there")
	}
}

func TestNames(t *testing.T) {
	r, _ := serving(t, tree(t, map[string]string{"b.fake": good, "a/1/x": good, "a/2/x": good, "c/1/": ""}), nil)
	if got, want := r.Names(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestMLRunNames has MLRun's contract, where a model with versions is not found
// without one.
func TestMLRunNames(t *testing.T) {
	root := tree(t, map[string]string{"b.fake": "FAKE good b", "a/model.yaml": "labels: {x: 1}", "a/1/x": "FAKE good a"})
	r, _ := serving(t, root, func(e *catalog.Env) { e.MLRun = true })
	if r.Find("a", "") != nil {
		t.Error("a is found without a version")
	}
	for model, want := range map[string]string{"b": "b", "b:1": "b", "a:1": "a", "a:x": "a"} {
		if got := answer(t, r, model); got != want {
			t.Errorf("%s: got %s, want %s", model, got, want)
		}
	}
}

// get sends a GET for a model's metadata or another operation of it.
func get(t *testing.T, r *Repository, model, op string) any {
	t.Helper()
	ev := serve.NewEvent(serve.Target{Method: "GET", Model: model, Operation: op}, nil)
	if _, err := v2.NewRouter(v2.RouterConfig{}, r).Do(context.Background(), ev); err != nil {
		return err.Error()
	}
	if raw, ok := ev.Body.Raw(); ok {
		text, _, _ := strings.Cut(string(raw), " (")
		return text
	}
	v, _ := ev.Body.Value()
	return v
}

func TestMetadataListsVersions(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	o := get(t, r, "multi", "").(*serve.Object)
	version, _ := o.Value("version")
	versions, _ := o.Value("versions")
	if diff := cmp.Diff([]any{"10", []string{"9", "10"}}, []any{version, versions}); diff != "" {
		t.Error(diff)
	}
}

func TestReady(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	for model, want := range map[string]string{
		"churn": "Model churn is ready",
		"half":  "model not ready: it has failed: x: the file is torn",
	} {
		if got := get(t, r, model, "ready"); got != want {
			t.Errorf("%s: got %v, want %s", model, got, want)
		}
	}
}

// TestSettingsReachTheRuntime has model.yaml's parameters and schema where the
// runtime looks for them.
func TestSettingsReachTheRuntime(t *testing.T) {
	root := tree(t, map[string]string{"m/x": good, "m/model.yaml": `
parameters: {output: margin, n: 3}
inputs: [{name: rows, datatype: FP32, shape: [-1, 4]}]
outputs: [{name: y, datatype: FP64, shape: [-1]}]
`})
	r, f := serving(t, root, func(e *catalog.Env) { e.Params = map[string]any{"n": int64(2), "of": "server"} })
	if st := r.Status(); st[0].Phase != v2.Ready {
		t.Fatal(st[0].Err)
	}
	want := serve.ModelSpec{
		Name: "m", Version: "1",
		Parameters: map[string]any{"output": "margin", "n": int64(3), "of": "server"},
		Inputs:     []serve.TensorSpec{{Name: "rows", Datatype: serve.FP32, Shape: []int{-1, 4}}},
		Outputs:    []serve.TensorSpec{{Name: "y", Datatype: serve.FP64, Shape: []int{-1}}},
	}
	if diff := cmp.Diff(want, f.spec); diff != "" {
		t.Error(diff)
	}
}

func TestNewFindsNothing(t *testing.T) {
	set, _ := fakes()
	var nothing *NothingError
	if _, err := New(t.TempDir(), Options{Catalog: set}); !errors.As(err, &nothing) {
		t.Errorf("got %v, want a NothingError", err)
	}
}
