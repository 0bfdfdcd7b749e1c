package oip

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// FuzzRequest reads hostile bodies and writes back what was read.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"y"}]}`,
		`{"inputs":[[1,2.5],[3,null]],"parameters":{"a":1}}`,
		`{"inputs":[{"a":"b"},{"data":1}]}`,
		`{"inputs":[{"name":"b","shape":[2],"datatype":"BYTES","data":["",""]}]}`,
		`{"inputs":[{"data":[NaN],"shape":[1],"datatype":"FP64","name":"n"}],"model":"m","operation":"o"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		req, err := Request(serve.RawBody(bytes.Clone(raw)))
		if err != nil {
			return
		}
		for _, out := range []any{req.Data, req.Inputs} {
			text, err := AppendValue(nil, out)
			if err != nil {
				t.Fatalf("%q was read but cannot be written: %v", raw, err)
			}
			if !json.Valid(text) {
				t.Fatalf("%q was written as %q", raw, text)
			}
		}
	})
}

// FuzzValue checks that a document that was read is written back unchanged.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,{"b":null}],"c":"\ud83d\ude00"}`, `[[1],[2,3]]`, `18446744073709551616`, `-0`, `[[],[]]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := ParseValue(bytes.Clone(raw))
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q is not JSON, but was read", raw)
		}
		text, err := AppendValue(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseValue(text)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", raw, text, err)
		}
		twice, err := AppendValue(nil, again)
		if err != nil || !bytes.Equal(text, twice) {
			t.Fatalf("%q became %q and then %q (%v)", raw, text, twice, err)
		}
	})
}
