package endpoint_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/endpoint"
)

// TestSeries: what MLRun's names mean of the panes of two hours.
func TestSeries(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	pane := func(minute int, n, errors int64, latency time.Duration) endpoint.Pane {
		return endpoint.Pane{At: at.Add(time.Duration(minute) * time.Minute), Requests: n, Errors: errors, Latency: latency}
	}
	panes := []endpoint.Pane{
		pane(-55, 3, 0, 3*time.Millisecond), pane(0, 6, 1, 12*time.Millisecond), pane(5, 0, 0, 0), pane(10, 3, 3, 30*time.Millisecond),
	}
	series := func(values ...float64) (all []endpoint.Point) {
		for i, v := range values {
			all = append(all, endpoint.Point{At: panes[i+1].At, Value: v})
		}
		return all
	}
	for name, want := range map[string][]endpoint.Point{
		"predictions_count_5m":   series(6, 0, 3),
		"predictions_count_1h":   series(9, 6, 9), // the first pane is an hour old at 5
		"predictions_per_second": series(0.02, 0, 0.01),
		"error_count":            series(1, 0, 3),
		"latency_avg_1h":         series(15e3/9, 2000, 42e3/9),
		"latency_avg_5m":         {{At: panes[1].At, Value: 2000}, {At: panes[3].At, Value: 10000}},
		"accuracy":               nil,
	} {
		if d := cmp.Diff(want, endpoint.Series(name, panes, at)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	want := []endpoint.Point{{At: panes[0].At.Truncate(10 * time.Minute), Value: 3}, {At: at, Value: 6}, {At: at.Add(10 * time.Minute), Value: 3}}
	if d := cmp.Diff(want, endpoint.Invocations(panes)); d != "" {
		t.Errorf("invocations (-want +got):\n%s", d)
	}
}
