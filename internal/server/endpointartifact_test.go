package server

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/serve"
)

// TestArtifactInRecord: what a record has of the artifact of its model.
func TestArtifactInRecord(t *testing.T) {
	a := &serve.Artifact{
		Project: "shop", Key: "iris", Iter: 3, Tree: "t1", Algorithm: "gbt",
		FeatureStats: map[string]any{"age": map[string]any{"count": 3, "mean": 2.5, "hist": []any{[]any{2, 1}, []any{1.0, 2.0, 3.0}}}},
	}
	a.Marks = map[string]string{"team": "risk", "by": "artifact"}
	e := endpoint.Endpoint{Metadata: endpoint.Metadata{Labels: map[string]string{"by": "load"}}}
	known := statistics{}
	ofArtifact(&e, a, known)
	if d := cmp.Diff(map[string]string{"team": "risk", "by": "load"}, e.Metadata.Labels); d != "" {
		t.Errorf("labels (-want +got):\n%s", d)
	}
	if e.Spec.ModelURI != "store://models/shop/iris#3@t1" || e.Spec.Algorithm != "gbt" {
		t.Errorf("%+v", e.Spec)
	}
	var stats map[string]struct {
		Count, Mean float64
		Hist        [2][]float64
	}
	if err := json.Unmarshal(e.Status.FeatureStats, &stats); err != nil {
		t.Fatal(err)
	}
	want := [2][]float64{{0, 2, 1, 0}, {-math.MaxFloat64, 1, 2, 3, math.MaxFloat64}}
	if d := cmp.Diff(want, stats["age"].Hist); d != "" || stats["age"].Count != 3 {
		t.Errorf("(-want +got):\n%s", d)
	}
	hist := a.FeatureStats["age"].(map[string]any)["hist"].([]any)
	if len(hist[0].([]any)) != 2 || len(hist[1].([]any)) != 3 {
		t.Error("the artifact has changed")
	}
	known.keep(nil)
	if len(known) > 0 {
		t.Error("statistics of an artifact that is not served are kept")
	}
	again := padded(padded(a.FeatureStats))
	if d := cmp.Diff(padded(a.FeatureStats), again); d != "" {
		t.Errorf("padded twice (-once +twice):\n%s", d)
	}
	e = endpoint.Endpoint{Spec: endpoint.Spec{ModelURI: "models/iris"}}
	for name, a := range map[string]*serve.Artifact{
		"no artifact of a project": {Key: "iris"},
		"no number":                {FeatureStats: map[string]any{"a": map[string]any{"mean": math.NaN()}}},
	} {
		if ofArtifact(&e, a, statistics{}); e.Spec.ModelURI != "models/iris" || e.Status.FeatureStats != nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for name, odd := range map[string]any{
		"a number": 3, "no histogram": map[string]any{"count": 1},
		"one list": map[string]any{"hist": []any{[]any{1}}}, "ragged": map[string]any{"hist": []any{[]any{1, 2}, []any{1, 2}}},
		"text": map[string]any{"hist": []any{[]any{1}, []any{"a", "b"}}},
	} {
		if d := cmp.Diff(odd, paddedOne(odd)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
