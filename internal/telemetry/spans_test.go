package telemetry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

type fewSpans struct{}

func (fewSpans) Sent() uint64           { return 7 }
func (fewSpans) Lost() (uint64, uint64) { return 2, 3 }

func TestSpans(t *testing.T) {
	tel := New(Build{})
	if got := series(t, tel, "leat_trace_spans_sent_total"); got != nil {
		t.Errorf("without traces: %v", got)
	}
	tel.CountSpans(fewSpans{})
	got := append(series(t, tel, "leat_trace_spans_sent_total"), series(t, tel, "leat_trace_spans_lost_total")...)
	if d := cmp.Diff([]string{"7", `{reason="failed"} 3`, `{reason="full"} 2`}, got); d != "" {
		t.Error(d)
	}
}
