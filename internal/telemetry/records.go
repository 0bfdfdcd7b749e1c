package telemetry

import "github.com/leat-ml/leat/record"

// A RecordStream is a stream that inferences are recorded to, with what became of
// their records.
type RecordStream struct {
	Stream string
	record.Ledger
}

// Records has list asked for the streams of records whenever the metrics are read. It
// is called before they are read.
func (t *Telemetry) Records(list func() []RecordStream) { t.records.Store(&list) }

func (s *RecordStream) collect(c collection) {
	c.counter(recordsInDesc, uint64(s.Accepted), s.Stream)
	c.counter(recordsOutDesc, uint64(s.Delivered), s.Stream)
	c.counter(recordsDroppedDesc, uint64(s.Dropped), s.Stream)
	c.gauge(recordsPendingDesc, float64(s.Queued), s.Stream, "queued")
	c.gauge(recordsPendingDesc, float64(s.Spilled), s.Stream, "spilled")
	c.gauge(recordsBytesDesc, float64(s.Bytes), s.Stream, "memory")
	c.gauge(recordsBytesDesc, float64(s.DiskBytes), s.Stream, "files")
	up := 1.0
	if s.Failing {
		up = 0
	}
	c.gauge(recordsUpDesc, up, s.Stream)
}
