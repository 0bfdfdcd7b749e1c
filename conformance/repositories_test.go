package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
)

// serveFolder serves a repository of models with the runtimes of this process.
func serveFolder(t *testing.T, dir string) string {
	t.Helper()
	set := &catalog.Set{}
	trees.Register(set)
	onnx.Register(set, onnx.Options{Library: "../lib", Trees: trees.LoadONNX})
	_, url := start(t, &graph.Spec{Models: dir}, &leat.Options{Catalog: set})
	return url
}

// ask posts a request and returns the data of the outputs, by name.
func askFolder(t *testing.T, url, model, body string) (status int, outputs map[string]any) {
	t.Helper()
	a := post("/v2/models/"+model+"/infer", body).do(t, url)
	var doc struct {
		Outputs []struct {
			Name string
			Data any
		}
		Error string
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	outputs = map[string]any{"error": doc.Error}
	for _, o := range doc.Outputs {
		outputs[o.Name] = o.Data
	}
	return a.status, outputs
}

func sequenceBody(id string, startsEnds string, v int) string {
	return fmt.Sprintf(`{"parameters":{"sequence_id":%s%s},"inputs":[%s]}`, id, startsEnds, tensorJSON("INPUT", "[1,1]", "INT32", fmt.Sprintf("[%d]", v)))
}

// TestTritonsOwnRepository serves Triton's example repository as it is.
func TestTritonsOwnRepository(t *testing.T) {
	dir := filepath.Join(shared(t), "triton_repository")
	url := serveFolder(t, dir)
	for _, name := range []string{"int32", "string"} {
		text, err := os.ReadFile(filepath.Join(shared(t), "cases", "triton_simple_"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Request  json.RawMessage
			Response struct {
				Outputs []struct {
					Name string
					Data any
				}
			}
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		model := map[string]string{"int32": "simple", "string": "simple_string"}[name]
		status, got := askFolder(t, url, model, string(c.Request))
		for _, o := range c.Response.Outputs {
			if !same(got[o.Name], o.Data) || status != 200 {
				t.Errorf("%s %s: %d %v, want %v", model, o.Name, status, got, o.Data)
			}
		}
	}
	const starts, ends = `,"sequence_start":true`, `,"sequence_end":true`
	for _, s := range []struct {
		model, body string
		want        any
	}{
		{"simple_sequence", sequenceBody("7", starts, 11), 12.0},
		{"simple_sequence", sequenceBody("7", ends, 5), 5.0},
		{"simple_sequence", sequenceBody("7", "", 5), nil},
		{"simple_dyna_sequence", sequenceBody("1001", starts, 11), 12.0},
		{"simple_dyna_sequence", sequenceBody("1001", "", 7), 7.0},
		{"simple_dyna_sequence", sequenceBody("1001", ends, 7), 1008.0},
	} {
		status, got := askFolder(t, url, s.model, s.body)
		if s.want == nil {
			if status != 400 {
				t.Errorf("%s %s: %d %v", s.model, s.body, status, got)
			}
		} else if !same(got["OUTPUT"], []any{s.want}) {
			t.Errorf("%s %s: %d %v, want %v", s.model, s.body, status, got, s.want)
		}
	}
	a := get("/v2/models/simple_sequence/config", 200).do(t, url)
	var config map[string]any
	if err := json.Unmarshal(a.body, &config); err != nil || config["max_batch_size"] != 8.0 || config["sequence_batching"] == nil {
		t.Errorf("config: %s", a.body)
	}
	nine := make([]int, 9*16)
	data, _ := json.Marshal(nine)
	body := `{"inputs":[` + tensorJSON("INPUT0", "[9,16]", "INT32", string(data)) + `,` + tensorJSON("INPUT1", "[9,16]", "INT32", string(data)) + `]}`
	if status, got := askFolder(t, url, "simple", body); status != 400 {
		t.Errorf("nine rows: %d %v", status, got)
	}
}

// folder writes files into a new folder, copies of others where a text begins with
// "= ".
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		data := []byte(text)
		if len(text) > 2 && text[:2] == "= " {
			var err error
			if data, err = os.ReadFile(filepath.Join("..", "runtime", text[2:])); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(at, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTritonsRepository serves a forest, an ensemble, a cache and labels.
func TestTritonsRepository(t *testing.T) {
	const forest = `backend: "fil" max_batch_size: 64 input { name: "input__0" data_type: TYPE_FP32 dims: 6 } output { name: "output__0" data_type: TYPE_FP32 dims: 1 }
		parameters { key: "model_type" value { string_value: "xgboost_ubj" } } parameters { key: "output_class" value { string_value: "%s" } } dynamic_batching { }`
	url := serveFolder(t, folderOf(t, map[string]string{
		"class/config.pbtxt": fmt.Sprintf(forest, "true"), "class/1/xgboost.ubj": "= trees/testdata/xgb-binary-logistic.ubj",
		"chance/config.pbtxt": fmt.Sprintf(forest, "false"), "chance/1/xgboost.ubj": "= trees/testdata/xgb-binary-logistic.ubj",
		"broken/config.pbtxt": "max_batch: 3",
		"same/config.pbtxt":   `backend: "fil" ` + fmt.Sprintf(forest, "false")[len(`backend: "fil" `):] + ` response_cache { enable: true } model_warmup { name: "w" batch_size: 2 inputs { key: "input__0" value { data_type: TYPE_FP32 dims: 6 random_data: true } } }`,
		"same/1/xgboost.ubj":  "= trees/testdata/xgb-binary-logistic.ubj",
		"pipe/config.pbtxt": `platform: "ensemble" max_batch_size: 8 input { name: "rows" data_type: TYPE_FP32 dims: 6 }
			output [ { name: "c" data_type: TYPE_FP32 dims: 1 }, { name: "p" data_type: TYPE_FP32 dims: 1 label_filename: "l.txt" } ]
			ensemble_scheduling { step [ { model_name: "class" model_version: -1 input_map { key: "input__0" value: "rows" } output_map { key: "output__0" value: "c" } },
			{ model_name: "chance" model_version: 1 input_map { key: "input__0" value: "rows" } output_map { key: "output__0" value: "p" } } ] }`,
		"pipe/l.txt": "only\n",
	}))
	rows := tensorJSON("%s", "[2,6]", "FP32", "[0.1,0.2,0.3,0.4,0.5,0.6,-1,-2,0.5,1,2,-0.5]")
	_, chance := askFolder(t, url, "chance", `{"inputs":[`+fmt.Sprintf(rows, "input__0")+`]}`)
	_, class := askFolder(t, url, "class", `{"inputs":[`+fmt.Sprintf(rows, "input__0")+`]}`)
	p, ok := chance["output__0"].([]any)
	if !ok || len(p) != 2 {
		t.Fatalf("chances %v, classes %v", chance, class)
	}
	var want []any
	for _, v := range p {
		c := 0.0
		if v.(float64) > 0.5 {
			c = 1
		}
		want = append(want, c)
	}
	if !same(class["output__0"], want) {
		t.Errorf("classes %v of %v", class, p)
	}
	status, both := askFolder(t, url, "pipe", `{"inputs":[`+fmt.Sprintf(rows, "rows")+`]}`)
	if status != 200 || !same(both["c"], want) || !same(both["p"], chance["output__0"]) {
		t.Errorf("ensemble: %d %v", status, both)
	}
	_, labels := askFolder(t, url, "pipe", `{"inputs":[`+fmt.Sprintf(rows, "rows")+`],"outputs":[{"name":"p","parameters":{"classification":1}}]}`)
	if list, _ := labels["p"].([]any); len(list) != 2 || list[0].(string)[len(list[0].(string))-7:] != ":0:only" {
		t.Errorf("labels %v", labels)
	}
	for range 3 {
		if _, cached := askFolder(t, url, "same", `{"inputs":[`+fmt.Sprintf(rows, "input__0")+`]}`); !same(cached["output__0"], chance["output__0"]) {
			t.Errorf("from memory %v", cached)
		}
	}
	if status, got := askFolder(t, url, "broken", `{"inputs":[]}`); status != 503 {
		t.Errorf("broken: %d %v", status, got)
	}
}
