package oip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/serve"
)

// TestPlainSpelling reads tensors in the spelling of most clients and in one
// that only the general reader takes: both are the same request, or wrong in the
// same way.
func TestPlainSpelling(t *testing.T) {
	values := map[string][]string{
		"name":       {`"x"`, ` "x"`, `"a long name, with 3 things"`, `"é"`, `"a\tb"`, `""`, `5`, `null`, `"x`, "\"a\nb\""},
		"shape":      {`[1,2]`, `[1, 2]`, ` [2]`, `[]`, `[0]`, `[-1]`, `[02]`, `[1,]`, `[1 ]`, `[2.0]`, `[1234567890123]`, `2`, `[[2]]`, `[1,2`, `[a]`},
		"datatype":   {`"FP32"`, ` "INT64"`, `"BOOL"`, `"FP33"`, `"fp32"`, `"FP32`, `"\u0046P32"`, `7`, `"BYTES"`, `""`},
		"data":       {`[1,2]`, ` [1, 2]`, `[[1],[2]]`, `[1.5,NaN]`, `[true,false]`, `["a","b"]`, `[1,2`, `{}`, `[]`},
		"parameters": {`{"a":1}`, `null`, `3`},
		"other":      {`[{}]`, `nul`},
	}
	keys := []string{"name", "shape", "datatype", "data", "parameters", "other"}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(keys[:4]).Draw(t, "order")
		order = append(order, rapid.SliceOfN(rapid.SampledFrom(keys), 0, 2).Draw(t, "more")...)
		var plain, general []string
		for _, key := range order {
			likely := rapid.IntRange(0, 3).Draw(t, "likely") > 0
			n := len(values[key])
			if likely {
				n = 2
			}
			v := values[key][rapid.IntRange(0, min(n, len(values[key]))-1).Draw(t, key)]
			plain = append(plain, fmt.Sprintf("%q:%s", key, v))
			general = append(general, fmt.Sprintf("%q :%s", key, v))
		}
		sep := rapid.SampledFrom([]string{",", ", "}).Draw(t, "separator")
		got, gotErr := readOne(strings.Join(plain, sep), `"inputs":`)
		want, wantErr := readOne(strings.Join(general, sep), `"inputs" :`)
		if (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%s: %v, but spelled otherwise %v", plain, gotErr, wantErr)
		}
		if gotErr != nil && !samePlace(gotErr.Error(), wantErr.Error()) {
			t.Fatalf("%s: %v, but spelled otherwise %v", plain, gotErr, wantErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", plain, diff)
		}
	})
}

// readOne reads a request of one tensor and writes what it became.
func readOne(members, inputs string) (string, error) {
	req, err := Request(serve.RawBody([]byte("{" + inputs + "[{" + members + "}]}")))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	fmt.Fprint(&text, req.Dialect)
	for _, in := range req.Inputs {
		out, err := AppendValue(nil, []*serve.Tensor{in})
		fmt.Fprintf(&text, " %s %v %s %v", in.Name, in.Shape, out, err)
	}
	return text.String(), nil
}

// samePlace compares what is wrong; the offsets differ by the blanks.
func samePlace(a, b string) bool {
	return strings.FieldsFunc(a, isDigit)[0] == strings.FieldsFunc(b, isDigit)[0]
}

func isDigit(c rune) bool { return '0' <= c && c <= '9' }
