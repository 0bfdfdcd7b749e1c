package tracing

import (
	"testing"

	"github.com/leat-ml/leat/serve"
)

func TestParents(t *testing.T) {
	const span = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, tt := range []struct {
		name   string
		header serve.Header
		valid  bool
		state  string
		others int
	}{
		{"none", nil, false, "", 0},
		{"one", serve.Header{"Traceparent": {span}, "Tracestate": {"a=b"}}, true, "a=b", 0},
		{"as others write it", serve.Header{"traceparent": {span}, "tracestate": {"a=b"}}, true, "a=b", 0},
		{"a batch", serve.Header{"Traceparent": manyParents(3), "Tracestate": {"a=b"}}, true, "", 2},
		{"a large batch", serve.Header{"Traceparent": manyParents(1000)}, true, "", maxLinks},
		{"nonsense first", serve.Header{"Traceparent": {"00-x", span, span}}, true, "", 1},
		{"of no trace", serve.Header{"Traceparent": {"00-00000000000000000000000000000000-b7ad6b7169203331-01"}}, false, "", 0},
	} {
		first, others := parents(tt.header)
		if first.IsValid() != tt.valid || first.TraceState().String() != tt.state || len(others) != tt.others {
			t.Errorf("%s: %v, state %q, and %d others", tt.name, first.IsValid(), first.TraceState().String(), len(others))
		}
	}
}

// FuzzParents checks that a header names no span but valid ones.
func FuzzParents(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ff-", "a=b,c=d")
	f.Fuzz(func(t *testing.T, a, b, state string) {
		first, others := parents(serve.Header{"Traceparent": {a, b}, "Tracestate": {state}})
		if !first.IsValid() && len(others) > 0 {
			t.Error("there are links, and nothing to be linked with")
		}
		for _, l := range others {
			if !l.SpanContext.IsValid() {
				t.Error("a link leads nowhere")
			}
		}
	})
}
