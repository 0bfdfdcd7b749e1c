package tracing

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCall has calls of gRPC continue the trace of their metadata, and name the
// span for who comes behind.
func TestCall(t *testing.T) {
	e := &exporter{}
	tr, err := start(t.Context(), Config{}, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, flags := range []string{"00", "01"} {
		const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"
		header := map[string][]string{"Traceparent": {caller + flags}}
		ctx, end := tr.Call(t.Context(), Calling{Service: "inference.GRPCInferenceService", Method: "ModelInfer", Start: time.Now()}, header)
		passed := map[string][]string{}
		tr.Inject(ctx, passed)
		end(Called{Code: 13, Failed: true, Model: "m", Version: "1", Err: errors.New("the weights are gone")})
		parent := strings.Split(http.Header(header).Get("Traceparent"), "-")
		if len(parent) != 4 || parent[1] != "0af7651916cd43dd8448eb211c80319c" || (parent[2] == "b7ad6b7169203331") != (flags == "00") {
			t.Errorf("flags %s: the event has %v", flags, header)
		}
		if http.Header(passed).Get("Traceparent") != http.Header(header).Get("Traceparent") {
			t.Errorf("flags %s: the context has %v, the event %v", flags, passed, header)
		}
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if want := []string{"inference.GRPCInferenceService/ModelInfer"}; !slices.Equal(e.names, want) {
		t.Errorf("sent %q, want %q: the call that was not sampled has no span", e.names, want)
	}
}
