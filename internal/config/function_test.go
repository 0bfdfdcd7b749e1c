package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
)

const function = `kind: serving
metadata:
  name: iris
  project: demo
  tag: latest
spec:
  command: ''
  image: mlrun/mlrun
  function_kind: serving_v2
  graph:
    kind: router
    routes:
      m1:
        class_name: mlrun.frameworks.xgboost.XGBoostModelServer
        class_args: {model_path: /models/m1}
  load_mode: async
  parameters: {a: "${NOT_OURS}"}
  secret_sources: []
  function_refs: {}
  build: {commands: []}
`

const withCode = "  base_spec: {spec: {build: {functionSourceCode: aW1wb3J0IG1scnVu}}}\n"

func TestFunction(t *testing.T) {
	for name, text := range map[string]string{"without code": function, "with code": function + withCode} {
		s, problems := ParseSpec("f.yaml", []byte(text), Options{Lookup: func(string) (string, bool) { return "", false }})
		if len(problems) > 0 {
			t.Errorf("%s: %q", name, told(problems))
			continue
		}
		want := &graph.Spec{
			File: "f.yaml", FunctionURI: "demo/iris:latest", LoadMode: "async", MLRun: true, Parameters: map[string]any{"a": "${NOT_OURS}"},
			Graph: &graph.StepSpec{Kind: "router", Pos: graph.Pos{Line: 10, Col: 3}, Routes: []*graph.StepSpec{{
				Name: "m1", Pos: graph.Pos{Line: 13, Col: 7}, Class: "mlrun.frameworks.xgboost.XGBoostModelServer", ClassPos: graph.Pos{Line: 14, Col: 21},
				Args: map[string]any{"model_path": "/models/m1"}, ArgPos: map[string]graph.Pos{"model_path": {Line: 15, Col: 34}},
			}}},
		}
		if name == "with code" {
			want.Python = &graph.Python{Pos: graph.Pos{Line: 21, Col: 50}, Source: "import mlrun", Module: "iris"}
		}
		if diff := cmp.Diff(want, s, cmp.AllowUnexported(graph.Spec{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFunctionWithSpecInItsEnvironment(t *testing.T) {
	const head = "kind: serving\nmetadata: {name: f}\nspec:\n  env:\n  - {name: OTHER, value: x}\n  - name: SERVING_SPEC_ENV\n    value: '"
	s, problems := ParseSpec("f.yaml", []byte(head+`{"function_uri": "p/g", "graph": {"kind": "router", "routes": {"m": {"shap": 1}}}}'`), Options{})
	if diff := cmp.Diff([]string{`f.yaml: SERVING_SPEC_ENV:1:70: warning: unknown key "shap" (did you mean "shape"?)`}, told(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if s == nil || !s.MLRun || s.FunctionURI != "p/g" || len(s.Graph.Routes) != 1 || s.Graph.Routes[0].Name != "m" {
		t.Errorf("spec %+v", s)
	}
}

func TestFunctionProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"code that is no base64", strings.Replace(function, "{commands: []}", "{functionSourceCode: 'e?'}", 1), []string{
			"f.yaml:20:31: functionSourceCode is not text in base64",
		}},
		{"code that is no text", function + "  base_spec: {spec: {build: {functionSourceCode: /w==}}}\n", []string{
			"f.yaml:21:50: functionSourceCode is not text in base64",
		}},
		{"no graph", "kind: serving\nmetadata: {}\nspec:\n  image: x\n", []string{"f.yaml:3:1: the function has no graph"}},
		{"no spec", "kind: serving\nmetadata: {}\n", []string{"f.yaml:1:1: the function has no spec"}},
		{"flow", "kind: serving\nspec:\n  graph: {steps: {a: {hander: f}}}\n", []string{`f.yaml:3:23: warning: unknown key "hander" (did you mean "handler"?)`}},
		{"syntax", "kind: serving\nspec:\n\tx: 1\n", []string{"f.yaml:3:1: not YAML: a tab cannot indent, use spaces"}},
		{"broken environment", "kind: serving\nspec:\n  env: [{name: SERVING_SPEC_ENV, value: '{'}]\n", []string{
			"f.yaml: SERVING_SPEC_ENV:1:2: not JSON: expected a key in quotes, found the end of the text",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := ParseSpec("f.yaml", []byte(tt.text), Options{})
			if diff := cmp.Diff(tt.want, told(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
