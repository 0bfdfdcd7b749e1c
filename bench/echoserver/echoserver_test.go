package echoserver

import (
	"strings"
	"testing"
)

func TestEchoIsCounted(t *testing.T) {
	srv, counter, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer srv.Close(t.Context())
	got, err := srv.Test(t.Context(), "/v2/models/echo/infer", `{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1.5,2]}]}`)
	if err != nil || !strings.Contains(string(got), `"data":[1.5,2`) {
		t.Errorf("got %s, %v", got, err)
	}
	if counter.Records.Load() != 1 || counter.Inferences.Load() != 1 || counter.Errors.Load() != 0 {
		t.Errorf("counted %d records, %d inferences, %d errors", counter.Records.Load(), counter.Inferences.Load(), counter.Errors.Load())
	}
}

func TestAsk(t *testing.T) {
	op, stop, err := Ask(t.Context(), "/v2/models/echo/infer", []byte(`{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2.5]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := op(); err != nil {
			t.Error(err)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}
