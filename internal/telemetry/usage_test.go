package telemetry

import (
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// TestUsage: it is told once, and the times are those of the first request since and
// of the last.
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
		m.End(op, code, 0)
	}
	before := time.Now()
	end("infer", serve.OK)
	between := time.Now()
	end("explain", serve.Internal)
	m.Begin()
	m.EndAt("own", serve.OK, between.Add(time.Hour), 3*time.Millisecond)
	u, ok := tel.Usage("m", "1")
	if !ok || u.Requests != 3 || u.Errors != 1 || u.Latency != 3*time.Millisecond || u.First.Before(before.Round(0)) || u.First.After(between.Round(0)) || !u.Last.Equal(between.Add(time.Hour)) {
		t.Errorf("%v %+v", ok, u)
	}
	if _, ok := tel.Usage("m", "1"); ok {
		t.Error("told twice")
	}
	end("infer", serve.BadRequest)
	if u, ok = tel.Usage("m", "1"); !ok || u.Requests != 4 || u.Errors != 2 || u.First.Before(between.Round(0)) || u.Last.Before(u.First) {
		t.Errorf("%v %+v", ok, u)
	}
}
