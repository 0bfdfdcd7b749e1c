package telemetry

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

func TestCalls(t *testing.T) {
	tel := New(Build{})
	tel.Called("ModelInfer", "OK")
	tel.Called("ModelInfer", "OK")
	tel.Called("ModelInfer", "NOT_FOUND")
	got := map[string]float64{}
	families, err := tel.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "leat_grpc_requests_total" {
			for _, m := range f.GetMetric() {
				got[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	if diff := cmp.Diff(map[string]float64{"OK ModelInfer": 2, "NOT_FOUND ModelInfer": 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStatistics(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("m", "1")
	for _, code := range []serve.Code{serve.OK, serve.OK, serve.Internal} {
		m.Begin()
		m.End("infer", code, time.Second)
	}
	want := Statistics{Success: 2, Fail: 1, SuccessTime: 2 * time.Second, FailTime: time.Second}
	if got := tel.Statistics("m", "1"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := tel.Statistics("nobody", ""); got != (Statistics{}) {
		t.Errorf("of a model that is not there: %+v", got)
	}
}
