package artifact

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

func TestDescription(t *testing.T) {
	const text = `kind: model
metadata: {key: k, tag: v3, project: p, iter: 2, tree: t, hash: A9993E364706816ABA3E25717850C26C9CD0D89D}
spec:
  model_file: m.pkl
  target_path: s3://bucket/k/
  size: 12345678901234567890
  inputs:
  - {name: a, value_type: float, dims: [1, 2], default: null, labels: {unit: cm}, description: "the\nfirst"}
  - name: 0
  feature_stats: {a: {count: 1.0e+2, hist: [[1, 2], [0.5, .inf]]}}
  extra_data: {}
  checksums: {m.pkl: "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
  unknown_key: [x]
`
	d, err := parseDescription("model_spec.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	fields := func(kv ...any) *serve.Object {
		var out []serve.Field
		for i := 0; i < len(kv); i += 2 {
			out = append(out, serve.Field{Key: kv[i].(string), Value: kv[i+1]})
		}
		return serve.NewObject(out...)
	}
	want := &description{
		kind: "model", modelFile: "m.pkl", extra: map[string]string{}, hash: "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
		sums: map[string]digest{"m.pkl": "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		Artifact: serve.Artifact{Key: "k", Tag: "v3", Project: "p", Tree: "t", Iter: 2, FeatureStats: map[string]any{
			"a": map[string]any{"count": 100.0, "hist": []any{[]any{int64(1), int64(2)}, []any{0.5, math.Inf(1)}}},
		}, Features: []serve.Feature{
			{Name: "a", ValueType: "float", Fields: fields("name", "a", "value_type", "float", "dims", []any{int64(1), int64(2)},
				"default", nil, "labels", fields("unit", "cm"), "description", "the\nfirst")},
			{Name: "0", Fields: fields("name", int64(0))},
		}},
	}
	if diff := cmp.Diff(want, d, objects, cmp.AllowUnexported(description{})); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func TestDescriptionProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       string
	}{
		{"empty", "", "s.yaml:1:1: the description of a model must be a mapping, found nothing"},
		{"list", "- a", "s.yaml:1:1: the description of a model must be a mapping, found a list"},
		{"another kind", "kind: dataset\nspec: {}\n", "s.yaml:1:7: an artifact of kind dataset is not a model"},
		{"hash", "metadata: {hash: abc, iter: x}\nspec: {checksums: {a: 'sha1:ba7816bf'}}", strings.Join([]string{
			`s.yaml:1:18: hash: "abc" is neither a SHA-256 nor a SHA-1 in hexadecimal digits`,
			`s.yaml:1:29: iter must be a whole number, found "x"`,
			`s.yaml:2:23: a: "sha1:ba7816bf" is neither a SHA-256 nor a SHA-1 in hexadecimal digits`,
		}, "\n")},
		{"no spec", "kind: model\n", "s.yaml:1:1: the description has no spec"},
		{"binary", "\x80\x04\x95", "s.yaml:1:1: not YAML: the text is not valid UTF-8"},
		{"twice", "spec: {a: 1, a: 2}", `s.yaml:1:14: key "a" is there twice, first in line 1 column 8`},
		{"types", "metadata: 5\nspec:\n  model_file: [a]\n  framework: {}\n  parameters: x\n  metrics: []\n  inputs: {}\n  outputs: [1]\n  extra_data: {a: {}}\n", strings.Join([]string{
			"s.yaml:1:11: metadata must be a mapping, found 5",
			"s.yaml:3:15: model_file must be text, found a list",
			"s.yaml:4:14: framework must be text, found a mapping",
			`s.yaml:5:15: parameters must be a mapping, found "x"`,
			"s.yaml:6:12: metrics must be a mapping, found a list",
			"s.yaml:7:11: inputs must be a list, found a mapping",
			"s.yaml:8:13: one of the outputs must be a mapping, found 1",
			"s.yaml:9:19: a must be text, found a mapping",
		}, "\n")},
		{"many", "spec: {inputs: [" + strings.Repeat("1, ", 15) + "]}", strings.TrimSuffix(manyProblems(), "\n") + "\nand 5 problems more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseDescription("s.yaml", []byte(tt.text))
			if err == nil || err.Error() != tt.want {
				t.Errorf("error:\n%v\nwant:\n%s", err, tt.want)
			}
		})
	}
}

func manyProblems() string {
	var b strings.Builder
	for _, col := range []string{"17", "20", "23", "26", "29", "32", "35", "38", "41", "44"} {
		b.WriteString("s.yaml:1:" + col + ": one of the inputs must be a mapping, found 1\n")
	}
	return b.String()
}

// FuzzDescription checks that no description makes the package panic or lead
// out of the folder.
func FuzzDescription(f *testing.F) {
	f.Add("kind: model\nspec: {model_file: m, inputs: [{name: a, value_type: int}], extra_data: {b: c}}")
	f.Add("spec: {model_file: ../../etc/passwd}")
	f.Add("spec: &a {parameters: {<<: {x: 1}}, metrics: {y: *a}}")
	dir := folder("testdata/iris_model")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDescription("model_spec.yaml", []byte(text))
		if err != nil {
			return
		}
		a, err := (&Store{unverified: true}).described(t.Context(), d, dir, false)
		if err != nil || strings.Contains(text, "/") && a.File[0] == '/' {
			return
		}
		if !strings.HasPrefix(a.File, string(dir)+"/") {
			t.Errorf("model file %s", a.File)
		}
	})
}
