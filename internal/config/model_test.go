package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

func TestModelConfig(t *testing.T) {
	const text = `runtime: xgboost
file: model.ubj
versions: [1, "2"]
default: stable
labels: {stable: 2, old: "1"}
parameters: {output: margin, threshold: 0.5}
inputs:
- {name: x, datatype: FP32, shape: [-1, 4]}
- name: mask
  datatype: BOOL
  shape: []
  optional: true
outputs:
- {name: y, datatype: INT64, shape: [-1]}
batching: {max_rows: 64, delay: 2ms, preferred: [16, 32], max_queue: 512, timeout: 1m30s}
instances: 4
`
	got, problems := ParseModelConfig("model.yaml", []byte(text), Options{})
	if len(problems) > 0 {
		t.Fatal(told(problems))
	}
	want := &ModelConfig{
		Runtime: "xgboost", File: "model.ubj", Versions: []string{"1", "2"}, Default: "2",
		Labels:     map[string]string{"stable": "2", "old": "1"},
		Parameters: map[string]any{"output": "margin", "threshold": 0.5},
		Inputs: []serve.TensorSpec{
			{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 4}},
			{Name: "mask", Datatype: serve.Bool, Shape: []int{}, Optional: true},
		},
		Outputs:   []serve.TensorSpec{{Name: "y", Datatype: serve.Int64, Shape: []int{-1}}},
		Batching:  &Batching{MaxRows: 64, Delay: 2 * time.Millisecond, Preferred: []int{16, 32}, MaxQueue: 512, Timeout: 90 * time.Second},
		Instances: 4,
		Pos: map[string]graph.Pos{
			"runtime": {Line: 1, Col: 10}, "file": {Line: 2, Col: 7}, "versions": {Line: 3, Col: 11}, "default": {Line: 4, Col: 10},
			"labels": {Line: 5, Col: 9}, "parameters": {Line: 6, Col: 13}, "inputs": {Line: 8, Col: 1}, "outputs": {Line: 14, Col: 1},
			"batching": {Line: 15, Col: 11}, "instances": {Line: 16, Col: 12},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestModelConfigThatSaysNothing(t *testing.T) {
	for _, text := range []string{"", "# c\n", "{}", "runtime:\nlabels:\nversions:\ndefault:\ninputs:\nparameters:\nbatching:\ninstances:\n"} {
		m, problems := ParseModelConfig("model.yaml", []byte(text), Options{})
		if len(problems) > 0 {
			t.Errorf("%q: %q", text, told(problems))
			continue
		}
		m.Pos = nil
		if diff := cmp.Diff(&ModelConfig{}, m); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestModelConfigDefault(t *testing.T) {
	for text, want := range map[string]string{
		"default: 3": "3", `default: "3"`: "3", "default: new\nlabels: {new: 7}": "7", "labels: {new: 7}": "",
	} {
		m, problems := ParseModelConfig("model.yaml", []byte(text), Options{})
		if len(problems) > 0 || m.Default != want {
			t.Errorf("%q: %q, %q", text, m.Default, told(problems))
		}
	}
}

func TestModelConfigProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"unknown keys", "runtim: x\nbogus: 1\n", []string{
			`model.yaml:1:1: unknown key "runtim" (did you mean "runtime"?)`, `model.yaml:2:1: unknown key "bogus"`,
		}},
		{"keys of a later version", "warm_up: []\n", []string{"model.yaml:1:1: warm_up is not supported by this version yet"}},
		{"instances", "instances: 0\n", []string{"model.yaml:1:12: instances must be a number from 1 to 1024, found 0"}},
		{"batching without rows", "batching: {}\n", []string{"model.yaml:1:11: batching has no max_rows, the most rows that a batch may have"}},
		{"batching is no mapping", "batching: 32\n", []string{"model.yaml:1:11: batching must be a mapping, found 32"}},
		{"batching: types", "batching: {max_rows: 1, delay: 5, preferred: 8, max_queue: many, timeout: 3 days, maxrows: 2}\n", []string{
			"model.yaml:1:22: max_rows must be a number from 2 to 1048576, found 1",
			"model.yaml:1:32: delay must be a time with its unit, such as 2ms or 1s, found 5",
			"model.yaml:1:46: preferred must be a list of up to 64 numbers of rows, found 8",
			`model.yaml:1:60: max_queue must be a number from 1 to 1048576, found "many"`,
			`model.yaml:1:75: timeout must be a time with its unit, such as 2ms or 1s, found "3 days"`,
			`model.yaml:1:83: unknown key "maxrows" (did you mean "max_rows"?)`,
		}},
		{"batching: ranges", "batching: {max_rows: 9223372036854775808, delay: 2h, preferred: [0, x, 2], timeout: -1s}\n", []string{
			"model.yaml:1:22: max_rows must be a number from 2 to 1048576, found 9223372036854775808",
			"model.yaml:1:50: delay is 2h0m0s, which is more than 1m0s",
			"model.yaml:1:66: preferred must list numbers of rows from 1 to 1048576, found 0",
			`model.yaml:1:69: preferred must list numbers of rows from 1 to 1048576, found "x"`,
			`model.yaml:1:85: timeout must be a time with its unit, such as 2ms or 1s, found "-1s"`,
		}},
		{"batching: preferred above the limit", "batching: {max_rows: 8, preferred: [4, 16]}\n", []string{"model.yaml:1:36: preferred has 16 rows in it, but max_rows is 8"}},
		{"batching: nobody is served", "batching: {max_rows: 8, delay: 5ms, timeout: 5ms}\n", []string{
			"model.yaml:1:46: timeout is 5ms, and no request that waits its delay of 5ms would be served",
		}},
		{"types", "runtime: [x]\nfile: {}\nversions: 1\nlabels: []\nparameters: x\ninputs: {}\n", []string{
			"model.yaml:1:10: runtime must be text, found a list", "model.yaml:2:7: file must be text, found a mapping",
			"model.yaml:3:11: versions must be a list of versions, found 1", "model.yaml:4:9: labels must be a mapping of labels to versions, found a list",
			`model.yaml:5:13: parameters must be a mapping, found "x"`, "model.yaml:6:9: inputs must be a list of tensors, found a mapping",
		}},
		{"files elsewhere", "file: ../x\n", []string{`model.yaml:1:7: file must name a file in the model's folder, found "../x"`}},
		{"absolute file", "file: /etc/passwd\n", []string{`model.yaml:1:7: file must name a file in the model's folder, found "/etc/passwd"`}},
		{"versions", "versions: [1, v2, 0, 1.5, [1], -1, 01]\n", []string{
			`model.yaml:1:15: a version is a whole number from 1, found "v2"`, "model.yaml:1:19: a version is a whole number from 1, found 0",
			"model.yaml:1:22: a version is a whole number from 1, found 1.5", "model.yaml:1:27: a version is a whole number from 1, found a list",
			"model.yaml:1:32: a version is a whole number from 1, found -1", "model.yaml:1:36: a version is a whole number from 1, found 01",
		}},
		{"no versions", "versions: []\n", []string{"model.yaml:1:11: versions must be a list of versions, found a list"}},
		{"labels", "labels: {1: 2, a/b: 1, ok: x}\n", []string{
			`model.yaml:1:10: label "1" must begin with a letter and have only letters, digits, _ - and . in it`,
			`model.yaml:1:16: label "a/b" must begin with a letter and have only letters, digits, _ - and . in it`,
			`model.yaml:1:28: a version is a whole number from 1, found "x"`,
		}},
		{"default", "default: stble\nlabels: {stable: 1}\n", []string{`model.yaml:1:10: default "stble" is neither a version nor one of the labels (did you mean "stable"?)`}},
		{"default list", "default: [1]\n", []string{"model.yaml:1:10: a version is a whole number from 1, found a list"}},
		{"tensors", "inputs:\n- {name: x, datatype: FP23, shape: [2]}\n- {name: x, datatype: BYTES, shap: [1]}\n- 5\n- {shape: [-2, a, 1.5], name: 7, datatype: FP32}\noutputs:\n- {name: y, datatype: BOOL, shape: 3, optional: true}\n", []string{
			`model.yaml:2:23: unknown datatype "FP23" (did you mean "FP16"?)`,
			"model.yaml:3:3: the tensor has no shape", `model.yaml:3:3: inputs names "x" twice`, `model.yaml:3:30: unknown key "shap" (did you mean "shape"?)`,
			"model.yaml:4:3: a tensor must be a mapping, found 5",
			"model.yaml:5:12: a length is a whole number, or -1 for any; found -2", `model.yaml:5:16: a length is a whole number, or -1 for any; found "a"`,
			"model.yaml:5:19: a length is a whole number, or -1 for any; found 1.5", "model.yaml:5:31: name must be text, found 7; put it in quotes",
			"model.yaml:7:36: shape must be a list of up to 32 lengths, found 3", `model.yaml:7:39: unknown key "optional"`,
		}},
		{"variable", "runtime: ${UNSET}\n", []string{"model.yaml:1:10: variable UNSET is not set"}},
		{"list", "- a\n", []string{"model.yaml:1:1: a model's settings must be a mapping, found a list"}},
		{"syntax", "a: {", []string{"model.yaml:1:5: not YAML: did not find expected node content while parsing a flow node"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{MLRun: true, Lookup: func(string) (string, bool) { return "", false }}
			_, problems := ParseModelConfig("model.yaml", []byte(tt.text), o)
			if diff := cmp.Diff(tt.want, told(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadModelConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.yaml")
	if _, problems := ReadModelConfig(path, Options{}); len(problems) != 1 || problems[0].Msg != "no such file or directory" {
		t.Errorf("problems %q", told(problems))
	}
	if err := os.WriteFile(path, []byte("runtime: onnx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, problems := ReadModelConfig(path, Options{})
	if len(problems) > 0 || m.Runtime != "onnx" {
		t.Errorf("settings %+v, problems %q", m, told(problems))
	}
}
