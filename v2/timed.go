package v2

import (
	"time"

	"github.com/leat-ml/leat/serve"
)

// TimedMetrics are [Metrics] that want to know when an inference began: EndAt is
// called in place of End.
type TimedMetrics interface {
	Metrics
	EndAt(op string, code serve.Code, start time.Time, d time.Duration)
}

// ended tells metrics of an inference that is over.
func ended(m Metrics, op string, err error, start time.Time, took time.Duration) {
	code := serve.OK
	if err != nil {
		code = serve.CodeOf(err)
	}
	if t, ok := m.(TimedMetrics); ok {
		t.EndAt(op, code, start, took)
		return
	}
	m.End(op, code, took)
}
