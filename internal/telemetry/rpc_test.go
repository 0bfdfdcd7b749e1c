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
		if code == serve.OK {
			m.Batch(64, time.Second)
		}
	}
	m.Batch(1, time.Second)
	want := Statistics{
		Success: 2, Fail: 1, SuccessTime: 2 * time.Second, FailTime: time.Second,
		Rows: 129, Batches: []BatchCount{{1, 1, time.Second}, {64, 2, 2 * time.Second}},
	}
	got := tel.Statistics("m", "1")
	if got.Last.IsZero() {
		t.Error("nobody knows when the last inference was")
	}
	got.Last = time.Time{}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(Statistics{}, tel.Statistics("nobody", "")); d != "" {
		t.Errorf("of a model that is not there (-want +got):\n%s", d)
	}
	for size := range 3 * maxBatchSizes {
		m.Batch(size, time.Second)
	}
	if got := tel.Statistics("m", "1"); len(got.Batches) > maxBatchSizes || got.Rows < 129+3*maxBatchSizes {
		t.Errorf("%d sizes, %d rows", len(got.Batches), got.Rows)
	}
}
