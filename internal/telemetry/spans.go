package telemetry

// Spans are those of traces that are sent to a collector. It is safe for
// concurrent use.
type Spans interface {
	// Sent counts those that the collector has taken.
	Sent() uint64
	// Lost counts those for which there was no room, and those that could not be
	// sent.
	Lost() (full, failed uint64)
}

// CountSpans adds what becomes of spans to the metrics.
func (t *Telemetry) CountSpans(s Spans) { t.spans.Store(&s) }

func collectSpans(c collection, s Spans) {
	full, failed := s.Lost()
	c.counter(spansSentDesc, s.Sent())
	c.counter(spansLostDesc, full, "full")
	c.counter(spansLostDesc, failed, "failed")
}
