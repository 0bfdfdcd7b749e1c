package config

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

func told(problems []graph.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

const router = "graph:\n  kind: router\n  routes:\n"

func TestSpecProblems(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             []string // in the default contract
		mlrun            []string // in MLRun's; nil if the same
	}{
		{
			name: "unknown keys", file: "server.yaml",
			text: router + "    m1:\n      class_nam: X\n      foo: 1\nlode_mode: sync\nzzz: 1\n",
			want: []string{
				`server.yaml:5:7: unknown key "class_nam" (did you mean "class_name"?)`,
				`server.yaml:6:7: unknown key "foo"`,
				`server.yaml:7:1: unknown key "lode_mode" (did you mean "load_mode"?)`,
				`server.yaml:8:1: unknown key "zzz"`,
			},
			mlrun: []string{
				`server.yaml:5:7: warning: unknown key "class_nam" (did you mean "class_name"?)`,
				`server.yaml:6:7: warning: unknown key "foo"`,
				`server.yaml:7:1: warning: unknown key "lode_mode" (did you mean "load_mode"?)`,
				`server.yaml:8:1: warning: unknown key "zzz"`,
			},
		},
		{
			name: "JSON", file: "server.json",
			text: "{\"graph\": {\"kind\": \"router\",\n\t\"routes\": {\"m1\": {\"class_nam\": \"X\"}}}}",
			want: []string{`server.json:2:20: unknown key "class_nam" (did you mean "class_name"?)`},
			mlrun: []string{
				`server.json:2:20: warning: unknown key "class_nam" (did you mean "class_name"?)`,
			},
		},
		{
			name: "keys of a later version", file: "s.yaml",
			text: "limits: {}\nauth:\ntls: {a: 1}\nartifacts: https://b\nmodels: .\n",
			want: []string{
				"s.yaml:1:1: limits is not supported by this version yet", "s.yaml:2:1: auth is not supported by this version yet",
				"s.yaml:3:1: tls is not supported by this version yet",
				"s.yaml:4:12: artifacts: models are pushed to a folder, or to s3://bucket/path, gs://bucket/path or azblob://container/path",
			},
		},
		{
			name: "databases", file: "s.yaml",
			text: "models: m\ndatabase: mysql://u:s3cret@h/d\ndatabase : sqlite://host/x\n",
			want: []string{"s.yaml:2:11: database: it is sqlite:///path or postgres://user@host/name", `s.yaml:3:1: key "database" is there twice, first in line 2 column 1`},
		},
		{
			name: "keys of MLRun without a value", file: "s.yaml",
			text: "functions: {}\ngraph_initializer: null\nerror_stream: null\ntrack_models: false\ntracking_policy:\nsecret_sources: []\nparameters: {log_stream: ''}\nmodels: m\n",
		},
		{
			name: "keys of MLRun with a value", file: "s.yaml",
			text: "functions: {a: p/f}\ngraph_initializer: init\nerror_stream: dummy://\ntrack_models: true\ntracking_policy: {a: 1}\nsecret_sources: [{kind: vault}, {kind: env}]\n" +
				"parameters:\n  log_stream: dummy://\n  log_stream_batch: 5\n  log_stream_sample: 2\n  stream_args: {a: 1}\n  source_args: {b: 2}\n  mine: 3\nmodels: m\n",
			want: []string{
				"s.yaml:2:1: graph_initializer is not supported by this version yet",
				"s.yaml:5:1: warning: tracking_policy has no effect in this version yet", "s.yaml:6:18: secrets in a vault cannot be read: have them put into variables of the environment, or into a file",
				"s.yaml:6:33: a source of secrets of kind env is names of variables with commas between them",
				"s.yaml:12:3: warning: parameter source_args has no effect in this version yet",
			},
			mlrun: []string{
				"s.yaml:2:1: warning: graph_initializer has no effect in this version yet",
				"s.yaml:5:1: warning: tracking_policy has no effect in this version yet", "s.yaml:6:18: warning: secrets in a vault cannot be read: have them put into variables of the environment, or into a file",
				"s.yaml:6:33: a source of secrets of kind env is names of variables with commas between them",
				"s.yaml:12:3: warning: parameter source_args has no effect in this version yet",
			},
		},
		{
			name: "values of the wrong type", file: "s.yaml",
			text: "graph: [a]\nparameters: 5\nload_mode: fast\nfunction_uri: [x]\nversion: 2\nverbose: yes\ndefault_content_type: {}\nmodels: 1\n",
			want: []string{
				"s.yaml:1:8: graph must be a mapping, found a list", "s.yaml:2:13: parameters must be a mapping, found 5",
				`s.yaml:3:12: load_mode must be "sync" or "async", found "fast"`, "s.yaml:4:15: function_uri must be text, found a list",
				"s.yaml:5:10: version must be text, found 2; put it in quotes", `s.yaml:6:10: verbose must be true or false, found "yes"`,
				"s.yaml:7:23: default_content_type must be text, found a mapping", "s.yaml:8:9: models must be text, found 1; put it in quotes",
			},
		},
		{
			name: "steps of the wrong type", file: "s.yaml",
			text: router + "    m1: X\n    m2:\n      class_name: [A]\n      class_args: 5\n      input_path: 1\n    m3: {kind: 5}\n    '': {}\n",
			want: []string{
				`s.yaml:4:9: a step must be a mapping, found "X"`, "s.yaml:6:19: class_name must be text, found a list",
				"s.yaml:7:19: class_args must be a mapping, found 5", "s.yaml:8:19: input_path must be text, found 1; put it in quotes",
				"s.yaml:9:16: kind must be text, found 5; put it in quotes", "s.yaml:10:5: a route needs a name",
			},
		},
		{
			name: "routes of the wrong type", file: "s.yaml", text: "graph:\n  kind: router\n  routes: [a]\n",
			want: []string{"s.yaml:3:11: routes must be a mapping, found a list"},
		},
		{
			name: "keys of steps that a route does not have", file: "s.yaml",
			text: router + "    m1: {handler: f, after: [a], on_error: b, function: c, full_event: true, responder: true, max_iterations: 3, cycle_from: [a]}\n" +
				"    m2: {handler: '', after: [], on_error: null, function: '', full_event: false, comment: c, shape: oval, skip_context: true}\n" +
				"    m3: {model_endpoint_creation_strategy: skip, endpoint_type: 1}\n",
			want: []string{
				"s.yaml:4:22: a route has no after: its router passes requests to it",
				"s.yaml:4:34: a route has no on_error: its router passes requests to it",
				"s.yaml:4:78: a route has no responder: its router passes requests to it",
				"s.yaml:4:95: max_iterations is not supported by this version yet", "s.yaml:4:114: cycle_from is not supported by this version yet",
				"s.yaml:6:10: warning: model_endpoint_creation_strategy has no effect in this version yet",
				"s.yaml:6:50: warning: endpoint_type has no effect in this version yet",
			},
			mlrun: []string{
				"s.yaml:4:22: warning: a route has no after: its router passes requests to it",
				"s.yaml:4:34: warning: a route has no on_error: its router passes requests to it",
				"s.yaml:4:78: warning: a route has no responder: its router passes requests to it",
				"s.yaml:4:95: max_iterations is not supported by this version yet", "s.yaml:4:114: cycle_from is not supported by this version yet",
				"s.yaml:6:10: warning: model_endpoint_creation_strategy has no effect in this version yet",
				"s.yaml:6:50: warning: endpoint_type has no effect in this version yet",
			},
		},
		{
			name: "kinds of routes", file: "s.yaml", text: router + "    m1: {kind: queue, path: x, shard: 1}\n    m2: {kind: tsk}\n    m3: {kind: task}\n    m4: {kind: router, routes: {a: {class_nam: x}}}\n",
			want: []string{
				"s.yaml:4:5: a route of kind queue is not supported by this version yet", `s.yaml:4:32: unknown key "shard" (did you mean "shards"?)`,
				`s.yaml:5:16: unknown step kind "tsk" (did you mean "task"?)`,
				"s.yaml:7:5: a route of kind router is not supported by this version yet", `s.yaml:7:37: unknown key "class_nam" (did you mean "class_name"?)`,
			},
			mlrun: []string{
				"s.yaml:4:5: a route of kind queue is not supported by this version yet", `s.yaml:4:32: warning: unknown key "shard" (did you mean "shards"?)`,
				`s.yaml:5:16: unknown step kind "tsk" (did you mean "task"?)`,
				"s.yaml:7:5: a route of kind router is not supported by this version yet", `s.yaml:7:37: warning: unknown key "class_nam" (did you mean "class_name"?)`,
			},
		},
		{
			name: "a key of another kind", file: "s.yaml", text: router + "    m1: {class_name: X, routes: {}, before: [a]}\n",
			want: []string{
				`s.yaml:4:25: key "routes" belongs to a step of kind router, this is a task`,
				`s.yaml:4:37: key "before" belongs to a step of kind error_step, this is a task`,
			},
			mlrun: []string{
				`s.yaml:4:25: warning: key "routes" belongs to a step of kind router, this is a task`,
				`s.yaml:4:37: warning: key "before" belongs to a step of kind error_step, this is a task`,
			},
		},
		{name: "root kind flow", file: "s.yaml", text: "graph: {kind: flow, steps: {}}", want: []string{"s.yaml:1:15: illegal root step flow"}},
		{name: "root kind task", file: "s.yaml", text: "graph: {kind: task}", want: []string{"s.yaml:1:15: illegal root step task"}},
		{
			name: "links of the wrong type", file: "s.yaml", text: "graph:\n  steps:\n    a: {after: 5}\n    b: {after: [a, 6]}\n    c: {after: a}\n    q: {kind: queue, shards: -1, after: [b]}\n",
			want: []string{
				"s.yaml:3:16: after must be a list of names of steps, found 5", "s.yaml:4:20: after must list names of steps, found 6",
				"s.yaml:6:30: shards must be a number of things, found -1",
			},
		},
		{
			name: "flow", file: "s.yaml", text: "graph:\n  engine: sync\n  steps:\n    a: {handler: f}\n    b: {class_nam: X, after: [a]}\n    c: {kind: ques}\n    d: {kind: router, routes: {m: {hander: x}}}\n    e: 5\n",
			want: []string{
				`s.yaml:5:9: unknown key "class_nam" (did you mean "class_name"?)`,
				`s.yaml:6:15: unknown step kind "ques" (did you mean "queue"?)`, `s.yaml:7:36: unknown key "hander" (did you mean "handler"?)`,
				"s.yaml:8:8: a step must be a mapping, found 5",
			},
			mlrun: []string{
				`s.yaml:5:9: warning: unknown key "class_nam" (did you mean "class_name"?)`,
				`s.yaml:6:15: unknown step kind "ques" (did you mean "queue"?)`, `s.yaml:7:36: warning: unknown key "hander" (did you mean "handler"?)`,
				"s.yaml:8:8: a step must be a mapping, found 5",
			},
		},
		{name: "kind root", file: "s.yaml", text: "graph: {kind: root, steps: {}}", want: nil},
		{
			name: "router without a kind", file: "s.yaml", text: "graph: {routes: {}}",
			want: []string{"s.yaml:1:1: a graph without a kind is a flow; one with routes has kind: router"},
		},
		{name: "models elsewhere", file: "s.yaml", text: "models: s3://bucket/x"},
		{name: "models in a registry", file: "s.yaml", text: "models: 'store://models/p/key:v1'", want: []string{"s.yaml:1:9: models: a path of this machine, or a URL of s3, gs, azblob, http or https, is wanted; a store:// URI is the model_path of a route"}},
		{name: "models nowhere", file: "s.yaml", text: "models: ftp://host/x", want: []string{"s.yaml:1:9: models: a path of this machine, or a URL of s3, gs, azblob, http or https, is wanted; a store:// URI is the model_path of a route"}},
		{name: "models of no bucket", file: "s.yaml", text: "models: 's3://'", want: []string{"s.yaml:1:9: models: a path of this machine, or a URL of s3, gs, azblob, http or https, is wanted; a store:// URI is the model_path of a route"}},
		{name: "empty", file: "s.yaml", text: "# nothing\n"},
		{name: "list", file: "s.yaml", text: "- a\n", want: []string{"s.yaml:1:1: a server spec must be a mapping, found a list"}},
		{name: "syntax", file: "s.yaml", text: "graph:\n\tkind: router\n", want: []string{"s.yaml:2:1: not YAML: a tab cannot indent, use spaces"}},
		{name: "twice", file: "s.yaml", text: "models: a\nmodels: b\n", want: []string{`s.yaml:2:1: key "models" is there twice, first in line 1 column 1`}},
		{name: "large", file: "s.yaml", text: "models: " + strings.Repeat("x", 1<<20), want: []string{"s.yaml: the file is larger than 1 MiB"}},
		{
			name: "variable", file: "s.yaml", text: "models: ${UNSET}/x\n", want: []string{"s.yaml:1:9: variable UNSET is not set"},
			mlrun: []string{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Lookup: func(string) (string, bool) { return "", false }}
			_, problems := ParseSpec(tt.file, []byte(tt.text), o)
			if diff := cmp.Diff(tt.want, told(problems)); diff != "" {
				t.Errorf("default contract (-want +got):\n%s", diff)
			}
			want := tt.mlrun
			if want == nil {
				want = tt.want
			}
			o.MLRun = true
			_, problems = ParseSpec(tt.file, []byte(tt.text), o)
			if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(told(problems), "\n")); diff != "" {
				t.Errorf("MLRun's contract (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpec(t *testing.T) {
	const text = `
function_uri: p/f:latest
load_mode: async
version: v2
verbose: true
default_content_type: application/json
parameters: {a: 1, b: [x, 2.5, null], c: {d: true}}
graph:
  kind: router
  class_name: mlrun.serving.ModelRouter
  class_args: {url_prefix: /api}
  routes:
    m1:
      class_name: ScalarMul
      class_args: {model_path: "${HOME}/m", multiplier: 100, big: 12345678901234567890, f: 1e3}
      input_path: req
      result_path: resp
    "m3:v1": {class_name: X, name: shown, kind: task}
    m4:
models: file:///srv/models
`
	want := &graph.Spec{
		File: "s.yaml", FunctionURI: "p/f:latest", LoadMode: "async", Version: "v2", Verbose: true, DefaultContentType: "application/json",
		Parameters: map[string]any{"a": int64(1), "b": []any{"x", 2.5, nil}, "c": map[string]any{"d": true}},
		Models:     "/srv/models", ModelsPos: graph.Pos{Line: 20, Col: 9},
		StreamPath: "/root",
		Graph: &graph.StepSpec{
			Kind: "router", Pos: graph.Pos{Line: 8, Col: 1}, Class: "mlrun.serving.ModelRouter", ClassPos: graph.Pos{Line: 10, Col: 15},
			Args: map[string]any{"url_prefix": "/api"}, ArgPos: map[string]graph.Pos{"url_prefix": {Line: 11, Col: 28}},
			Routes: []*graph.StepSpec{
				{
					Name: "m1", Pos: graph.Pos{Line: 13, Col: 5}, Class: "ScalarMul", ClassPos: graph.Pos{Line: 14, Col: 19},
					Args:      map[string]any{"model_path": "/root/m", "multiplier": int64(100), "big": serve.Number("12345678901234567890"), "f": 1000.0},
					ArgPos:    map[string]graph.Pos{"model_path": {Line: 15, Col: 32}, "multiplier": {Line: 15, Col: 57}, "big": {Line: 15, Col: 67}, "f": {Line: 15, Col: 92}},
					InputPath: "req", ResultPath: "resp",
				},
				{Name: "shown", Key: "m3:v1", Pos: graph.Pos{Line: 18, Col: 5}, Class: "X", ClassPos: graph.Pos{Line: 18, Col: 27}},
				{Name: "m4", Pos: graph.Pos{Line: 19, Col: 5}},
			},
		},
	}
	got, problems := ParseSpec("s.yaml", []byte(text), Options{Lookup: func(string) (string, bool) { return "/root", true }})
	if len(problems) > 0 {
		t.Fatal(told(problems))
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(graph.Spec{})); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

func TestReadSpec(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(path, []byte("models: ${LEAT_TEST_MODELS}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LEAT_TEST_MODELS", "here")
	s, problems := ReadSpec(path)
	if len(problems) > 0 || s.Models != filepath.Join(dir, "here") || s.File != path {
		t.Errorf("spec %+v, problems %q", s, told(problems))
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): filepath.Join(dir, "none.yaml") + ": no such file or directory",
		dir:                             dir + ": not a file",
	} {
		if _, problems := ReadSpec(path); len(problems) != 1 || problems[0].String() != want {
			t.Errorf("problems %q, want %q", told(problems), want)
		}
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, make([]byte, maxFunction+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems := ReadSpec(large); len(problems) != 1 || problems[0].Msg != "the file is larger than 8 MiB" {
		t.Errorf("problems %q", told(problems))
	}
}

func TestMaxProblems(t *testing.T) {
	_, problems := ParseSpec("s.yaml", []byte("models: .\n"+strings.Repeat("a: 1\n", maxProblems+6)), Options{})
	if len(problems) != maxProblems+1 || problems[maxProblems].Msg != "and 6 problems more" {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
}

// Every key in the specs of MLRun's cases is known.
func TestSpecsOfMLRun(t *testing.T) {
	f, err := os.Open("../../conformance/mlrun.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c struct {
			Name string
			Spec json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if Sniff(c.Spec) != Spec || !strings.Contains(string(c.Spec), `"graph"`) {
			continue
		}
		seen++
		_, problems := ParseSpec(c.Name+".json", c.Spec, Options{})
		for _, p := range problems {
			if strings.Contains(p.Msg, "key") || strings.Contains(p.Msg, "unknown") {
				t.Error(p)
			}
		}
	}
	if seen < 90 {
		t.Errorf("%d specs seen", seen)
	}
}
