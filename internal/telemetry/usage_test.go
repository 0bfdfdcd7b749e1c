package telemetry

import (
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// TestUsage: it is told once, and the time is that of the first request since.
func TestUsage(t *testing.T) {
	tel := New(Build{})
	if _, ok := tel.Usage("m", "1"); ok {
		t.Error("a model that nobody has heard of was used")
	}
	m := tel.Model("m", "1")
	if _, ok := tel.Usage("m", "1"); ok {
		t.Error("used without a request")
	}
	end := func(op string, code serve.Code) {
		m.Begin()
		m.End(op, code, time.Millisecond)
	}
	before := time.Now()
	end("infer", serve.OK)
	between := time.Now()
	end("explain", serve.Internal)
	end("own", serve.OK)
	u, ok := tel.Usage("m", "1")
	if !ok || u.Requests != 3 || u.Errors != 1 || u.Latency != 3*time.Millisecond || u.At.Before(before.Round(0)) || u.At.After(between.Round(0)) {
		t.Errorf("%v %+v", ok, u)
	}
	if _, ok := tel.Usage("m", "1"); ok {
		t.Error("told twice")
	}
	end("infer", serve.BadRequest)
	if u, ok = tel.Usage("m", "1"); !ok || u.Requests != 4 || u.Errors != 2 || u.At.Before(between.Round(0)) {
		t.Errorf("%v %+v", ok, u)
	}
}
