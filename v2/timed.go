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

// A meter is metrics, and what they want beside, found out once: asking a value
// for an interface takes as long as counting does.
type meter struct {
	Metrics
	timed TimedMetrics
	batch BatchMetrics
}

func meterOf(m Metrics) meter {
	var r meter
	r.Metrics = m
	r.timed, _ = m.(TimedMetrics)
	r.batch, _ = m.(BatchMetrics)
	return r
}

// ended tells of an inference that is over.
func (m *meter) ended(op string, err error, start time.Time, took time.Duration) {
	code := serve.OK
	if err != nil {
		code = serve.CodeOf(err)
	}
	if m.timed != nil {
		m.timed.EndAt(op, code, start, took)
		return
	}
	m.End(op, code, took)
}
