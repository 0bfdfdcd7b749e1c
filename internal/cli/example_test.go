package cli

import (
	"testing"
)

func TestExampleCurl(t *testing.T) {
	const get = "curl http://h/v2/models/m"
	post := func(body string) string { return "curl http://h/v2/models/m/infer -d '" + body + "'" }
	for _, tt := range []struct{ name, inputs, want string }{
		{"rows", `[{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]`, post(`{"inputs": [[1, 1, 1]]}`)},
		{"one row", `[{"name": "x", "datatype": "INT64", "shape": [1, 2]}]`, post(`{"inputs": [[0, 0]]}`)},
		{"a batch of a fixed size", `[{"name": "x", "datatype": "FP32", "shape": [2, 2]}]`,
			post(`{"inputs": [{"name": "x", "datatype": "FP32", "shape": [2,2], "data": [1, 1, 1, 1]}]}`)},
		{"strings", `[{"name": "x", "datatype": "BYTES", "shape": [-1, 1]}]`, post(`{"inputs": [["1"]]}`)},
		{"several", `[{"name": "a", "datatype": "FP32", "shape": [-1, 1]}, {"name": "it's", "datatype": "BOOL", "shape": [-1]}]`,
			post(`{"inputs": [{"name": "a", "datatype": "FP32", "shape": [1,1], "data": [1]}, ` +
				`{"name": "it'\''s", "datatype": "BOOL", "shape": [1], "data": [true]}]}`)},
		{"words", `[{"name": "ids", "datatype": "INT64", "shape": [-1, -1]}]`,
			post(`{"inputs": [{"name": "ids", "datatype": "INT64", "shape": [1,1], "data": [0]}]}`)},
		{"short floats", `[{"name": "x", "datatype": "FP16", "shape": [-1, 1, 2]}]`,
			get},
		{"a row of short floats", `[{"name": "x", "datatype": "FP16", "shape": [-1, 2]}]`, post(`{"inputs": [[1, 1]]}`)},
		{"a scalar", `[{"name": "x", "datatype": "FP64", "shape": []}]`,
			post(`{"inputs": [{"name": "x", "datatype": "FP64", "shape": [], "data": [1]}]}`)},
		{"features", `[{"name": "age", "value_type": "int"}, {"name": "town", "value_type": "str"}, {"name": "x"}]`,
			post(`{"inputs": [[0, "1", 1]]}`)},
		{"a width nobody knows", `[{"name": "x", "datatype": "FP32", "shape": [-1, -1]}]`, get},
		{"a large picture", `[{"name": "x", "datatype": "FP32", "shape": [-1, 3, 224, 224]}]`, get},
		{"too many columns", `[{"name": "x", "datatype": "FP32", "shape": [-1, 100000]}]`, get},
		{"lengths whose product overflows", `[{"name": "x", "datatype": "INT8", "shape": [4294967296, 4294967296, 2]}]`, get},
		{"no inputs", `[]`, get},
		{"null", `null`, get},
		{"not a list", `3`, get},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, infers := exampleCurl("http://h/v2/models/m", []byte(`{"name": "m", "inputs": `+tt.inputs+`}`))
			if got != tt.want || infers != (tt.want != get) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestModelPath(t *testing.T) {
	for _, tt := range []struct{ name, version, want string }{
		{"m", "", "/v2/models/m"},
		{"m", "v1", "/v2/models/m/versions/v1"},
		{"a b/c", "", "/v2/models/a%20b%2Fc"},
	} {
		if got := modelPath("/v2/models", tt.name, tt.version); got != tt.want {
			t.Errorf("modelPath(%q, %q) = %s, want %s", tt.name, tt.version, got, tt.want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{
		"":               "''",
		"plain/1.0:x":    "plain/1.0:x",
		"two words":      "'two words'",
		"$(rm -rf ~)`x`": "'$(rm -rf ~)`x`'",
		"it's":           `'it'\''s'`,
		"~":              "'~'",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", word, got, want)
		}
	}
}
