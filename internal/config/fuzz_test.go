package config

import (
	"testing"

	"github.com/leat-ml/leat/graph"
)

// FuzzParseSpec checks that no text makes ParseSpec panic, and that a spec
// without problems has its places inside the text.
func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{
		router + "    m1: {class_name: X, class_args: {a: [1, {b: c}]}}\n", function, function + withCode,
		`{"graph": {"kind": "router", "routes": {"m1": {"class_name": "X"}}}, "load_mode": "async"}`,
		"graph: {steps: {a: {kind: router, routes: {b: {}}}, c: {kind: queue, path: x}}}", "models: ${M}\nlimits: 1\n",
		"kind: serving\nspec: {env: [{name: SERVING_SPEC_ENV, value: '{\"graph\": {}}'}]}",
	} {
		f.Add("s.yaml", []byte(s), false)
		f.Add("SERVING_SPEC_ENV", []byte(s), true)
	}
	f.Fuzz(func(t *testing.T, file string, data []byte, mlrun bool) {
		o := Options{MLRun: mlrun, Lookup: func(name string) (string, bool) { return name, name != "UNSET" }}
		s, problems := ParseSpec(file, data, o)
		if s == nil && len(problems) == 0 {
			t.Fatal("neither a spec nor a problem")
		}
		if len(problems) == 0 && s.Graph != nil {
			checkPlaces(t, s.Graph, data)
		}
	})
}

func checkPlaces(t *testing.T, s *graph.StepSpec, data []byte) {
	for _, p := range append([]graph.Pos{s.Pos}, s.ClassPos) {
		if p != (graph.Pos{}) && (p.Line < 1 || p.Line > len(data)+1 || p.Col < 1 || p.Col > len(data)+1) {
			t.Errorf("step %s: place %v is outside the text", s.Name, p)
		}
	}
	for _, route := range s.Routes {
		checkPlaces(t, route, data)
	}
}

// FuzzParseModelConfig checks that no text makes ParseModelConfig panic, and
// that what it accepts keeps its promises.
func FuzzParseModelConfig(f *testing.F) {
	f.Add([]byte("runtime: xgboost\nfile: m.ubj\nversions: [1]\ndefault: a\nlabels: {a: 1}\nparameters: {output: leaf}\ninputs: [{name: x, datatype: FP32, shape: [-1]}]\n"))
	f.Add([]byte("batching: {}\nfile: ../x\nlabels: {1: x}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, problems := ParseModelConfig("model.yaml", data, Options{})
		if len(problems) > 0 {
			return
		}
		for _, v := range append(m.Versions, m.Default) {
			if v != "" && !versionNumber.MatchString(v) {
				t.Errorf("version %q", v)
			}
		}
		for _, in := range append(m.Inputs, m.Outputs...) {
			if in.Name == "" || in.Datatype == 0 || in.Shape == nil {
				t.Errorf("tensor %+v", in)
			}
		}
	})
}

// FuzzSniff checks that what begins like a file is no reason to panic.
func FuzzSniff(f *testing.F) {
	f.Add([]byte(function))
	f.Add([]byte(`{"graph": {}, "kind": "serving", "spec": 1}`))
	f.Fuzz(func(_ *testing.T, head []byte) { Sniff(head) })
}
