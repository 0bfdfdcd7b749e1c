package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/oip"
)

// TestPythonEnsembleIsRecorded has an ensemble of a user's own predict: its answer is
// recorded in its name, those of its models in theirs, and what it leaves to one model
// once.
func TestPythonEnsembleIsRecorded(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	const graph = `{"graph": {"kind": "router", "class_name": "Highest", "routes": {"a": {"class_name": "Times"}, "b:v2": {"class_name": "Times", "class_args": {"factor": 3}}}}}`
	spec, problems := config.ParseSpec("spec.json", []byte(graph), config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rec := &tape{}
	srv, err := leat.New(spec, &leat.Options{Catalog: pythonSet(), Code: pythonCode(t, "routers.py"), Recorder: rec})
	if err != nil {
		t.Fatal(err)
	}
	url, _ := startServer(t, srv)
	for _, path := range []string{"/v2/models/infer", "/v2/models/b/versions/v2/infer"} {
		if a := ask(t, srv, url, request{Method: "POST", Path: path, Body: []byte(`{"inputs": [1, 2]}`)}); a.status != 200 {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
	}
	got := map[string][]string{}
	for _, r := range rec.records {
		text, err := oip.AppendValue(nil, r.Response().Outputs)
		if err != nil {
			t.Fatal(err)
		}
		key := r.Class + " " + r.Model + " " + r.Version + " " + r.Op
		got[key] = append(got[key], string(text))
	}
	want := map[string][]string{
		"Times a  infer": {"[1,2]"}, "Times b v2 infer": {"[3,6]", "[3,6]"}, "Highest VotingEnsemble v1 infer": {"[3.0,6.0]"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
}
