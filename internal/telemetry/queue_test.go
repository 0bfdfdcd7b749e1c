package telemetry

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/stream"
)

var _ stream.Observer = (*QueueMetrics)(nil)

func TestQueues(t *testing.T) {
	tel := New(Build{})
	q := tel.Queue("orders")
	q.Published(2, 100, 0, nil)
	q.Published(1, 50, time.Millisecond, errors.New("one did not get in"))
	q.Handled(0, stream.Delivered)
	q.Handled(0, stream.Delivered)
	q.Handled(0, stream.Retried)
	q.Handled(0, stream.Dead)
	q.Handled(0, stream.Outcome(99))
	tel.Queue("unread").Published(1, 10, 0, nil)
	if tel.Queue("orders") != q {
		t.Error("a queue that is there again starts anew")
	}
	wants := func(metric string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, series(t, tel, metric)); d != "" {
			t.Error(metric, d)
		}
	}
	wants("leat_queue_appended_total", `{step="orders"} 3`, `{step="unread"} 1`)
	wants("leat_queue_appended_bytes_total", `{step="orders"} 150`, `{step="unread"} 10`)
	wants("leat_queue_append_failures_total", `{step="orders"} 1`, `{step="unread"} 0`)
	wants("leat_queue_events_total", `{outcome="dead",step="orders"} 1`, `{outcome="delivered",step="orders"} 2`, `{outcome="retried",step="orders"} 1`)

	wants("leat_queue_depth")
	count := func(n int64, ok bool) func() (int64, bool) { return func() (int64, bool) { return n, ok } }
	endOld := q.Depth(count(3, true))
	wants("leat_queue_depth", `{step="orders"} 3`)
	endNew := q.Depth(count(5, true)) // a reload
	wants("leat_queue_depth", `{step="orders"} 5`)
	endNew() // which failed
	wants("leat_queue_depth", `{step="orders"} 3`)
	endOld()
	wants("leat_queue_depth")
	defer q.Depth(count(0, false))() // the backend cannot say
	wants("leat_queue_depth")
	wants("leat_queue_events_total", `{outcome="dead",step="orders"} 1`, `{outcome="delivered",step="orders"} 2`, `{outcome="retried",step="orders"} 1`, `{outcome="returned",step="orders"} 0`)

	tel.RemoveQueue("orders")
	wants("leat_queue_appended_total", `{step="unread"} 1`)
}
