package conformance

import (
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
)

// shared is the folder of third-party models, which are not part of the
// project: LEAT_SHARED, or shared beside it.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LEAT_SHARED")
	if dir == "" {
		dir = "../../shared"
	}
	models := filepath.Join(dir, "models")
	if _, err := os.Stat(models); err != nil {
		t.Skipf("the third-party models are not here: %v (LEAT_SHARED names their folder)", err)
	}
	return models
}

// A modelCase is a model, a request, and what another runtime answered.
type modelCase struct {
	Model    string
	Request  json.RawMessage
	Response struct{ Outputs []output }
	Maps     [][]float64 `json:"sequence_of_maps_output_probability"`
}

type output struct {
	Name, Datatype string
	Shape          []int
	Data           []any
}

// TestModelCases asks third-party models over HTTP and wants their recorded
// answers to a relative difference of 1e-4.
func TestModelCases(t *testing.T) {
	models := shared(t)
	files, err := filepath.Glob(filepath.Join(models, "cases", "*.json"))
	if err != nil || len(files) < 36 {
		t.Fatalf("%d cases (%v), want at least 36", len(files), err)
	}
	set := &catalog.Set{}
	trees.Register(set)
	onnx.Register(set, onnx.Options{Library: "../lib", Trees: trees.LoadONNX})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c modelCase
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			got := askModel(t, set, filepath.Join(models, c.Model), c.Request)
			for _, want := range c.Response.Outputs {
				compareOutput(t, want, got)
			}
			if c.Maps != nil {
				compareRows(t, c.Maps, got[len(got)-1])
			}
		})
	}
}

// askModel serves one model and sends it one request.
func askModel(t *testing.T, set *catalog.Set, path string, body []byte) []output {
	t.Helper()
	_, url := start(t, graph.NewRouter().AddModel("m", "Model", path, nil), &leat.Options{Catalog: set})
	resp, err := http.Post(url+"/v2/models/m/infer", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Error   string
		Outputs []output
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", resp.StatusCode, answer.Error)
	}
	return answer.Outputs
}

func compareOutput(t *testing.T, want output, all []output) {
	t.Helper()
	for _, got := range all {
		if got.Name != want.Name {
			continue
		}
		if got.Datatype != want.Datatype || !sameInts(got.Shape, want.Shape) || len(got.Data) != len(want.Data) {
			t.Errorf("output %s is %s %v, want %s %v", want.Name, got.Datatype, got.Shape, want.Datatype, want.Shape)
			return
		}
		for i := range want.Data {
			if !near(want.Data[i], got.Data[i]) {
				t.Errorf("output %s: element %d is %v, want %v", want.Name, i, got.Data[i], want.Data[i])
				return
			}
		}
		return
	}
	t.Errorf("there is no output %s", want.Name)
}

// compareRows compares what was a list of maps with the tensor that it became.
func compareRows(t *testing.T, want [][]float64, got output) {
	t.Helper()
	if !sameInts(got.Shape, []int{len(want), len(want[0])}) {
		t.Fatalf("probabilities have shape %v, want %dx%d", got.Shape, len(want), len(want[0]))
	}
	for i, row := range want {
		for j, p := range row {
			if d := math.Abs(got.Data[i*len(row)+j].(float64) - p); d > 1e-6 {
				t.Errorf("probability %d,%d differs by %g", i, j, d)
			}
		}
	}
}

func sameInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func near(want, got any) bool {
	x, isNumber := want.(float64)
	y, alsoNumber := got.(float64)
	if !isNumber || !alsoNumber {
		return want == got
	}
	return math.Abs(x-y) <= 1e-4*math.Max(math.Abs(x), 1e-2)
}
