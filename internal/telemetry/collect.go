package telemetry

import (
	"maps"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("leat_"+name, help, labels, nil)
}

var (
	requestsDesc     = describe("requests_total", "Requests that models have served, by operation and outcome.", "model", "version", "operation", "code")
	errorsDesc       = describe("request_errors_total", "Requests that models have failed to serve, by the kind of failure.", "model", "version", "code")
	durationDesc     = describe("request_duration_seconds", "Time from a request's arrival at its model to its answer.", "model", "version")
	inFlightDesc     = describe("requests_in_flight", "Requests that models are serving now.", "model")
	loadDesc         = describe("model_load_duration_seconds", "Time that the last loading of the model took.", "model", "version")
	stateDesc        = describe("model_state", "1 for the state that the model is in, 0 for the others.", "model", "version", "state")
	stepEventsDesc   = describe("step_events_total", "Events that steps of the graph were done with, by outcome.", "step", "code")
	stepDurationDesc = describe("step_duration_seconds", "Time that a step had an event for.", "step")
	queueInDesc      = describe("queue_appended_total", "Events that queues have appended to their streams.", "step")
	queueBytesDesc   = describe("queue_appended_bytes_total", "About how many bytes the events had that queues have appended.", "step")
	queueFailedDesc  = describe("queue_append_failures_total", "Attempts to append events to a stream that have failed, at least in part.", "step")
	queueOutDesc     = describe("queue_events_total", "Events that came out of queues, by what became of them: delivered, retried, dead (among the dead letters), or returned to the stream.", "step", "outcome")
	queueDepthDesc   = describe("queue_depth", "Events in the stream of a queue that its group is not done with.", "step")
	reloadsDesc      = describe("reloads_total", "Reloads, by outcome: ok, or failed, after which what was served before goes on serving.", "outcome")
	lastReloadDesc   = describe("last_reload_timestamp_seconds", "When what is served was put in place: at the last reload that did not fail, or at the start.")
	spansSentDesc    = describe("trace_spans_sent_total", "Spans that the collector of traces has taken.")
	spansLostDesc    = describe("trace_spans_lost_total", "Spans that were lost: \"full\" when too many waited to be sent, \"failed\" when they could not be sent.", "reason")
	callsDesc        = describe("grpc_requests_total", "Calls of gRPC answered, by method and status; a stream is one call.", "method", "code")
	recordsInDesc    = describe("records_accepted_total", "Records of inferences that were taken: accepted = delivered + dropped + pending, at any time.", "stream")
	recordsOutDesc   = describe("records_delivered_total", "Records of inferences that the stream has.", "stream")

	recordsDroppedDesc = describe("records_dropped_total", "Records of inferences that there was no room for, or that the stream refuses.", "stream")
	recordsPendingDesc = describe("records_pending", "Records of inferences that the stream does not have yet: queued in memory, or spilled to files.", "stream", "where")
	recordsBytesDesc   = describe("records_bytes", "What records of inferences hold that the stream does not have yet, of memory and of files.", "stream", "where")
	workersDesc        = describe("workers_alive", "Python workers of a model, a router or the steps of a graph that can answer now.", "of", "version")
	wantedDesc         = describe("workers_wanted", "Python workers that there should be.", "of", "version")
	restartsDesc       = describe("worker_restarts_total", "Python workers that were started again: after a crash, a hang, or because of their memory.", "of", "version")
	recordsUpDesc      = describe("records_stream_up", "1 while the stream takes records, 0 while it does not.", "stream")

	answersDesc = describe("http_requests_total", "HTTP requests answered, by status; 499 is a caller that went away.", "code")
)

// states are those that every model has a series for.
var states = [...]string{"PENDING", "LOADING", "READY", "FAILED"}

// Describe implements prometheus.Collector.
func (t *Telemetry) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{requestsDesc, errorsDesc, durationDesc, inFlightDesc, loadDesc, stateDesc, stepEventsDesc, stepDurationDesc, queueInDesc, queueBytesDesc, queueFailedDesc, queueOutDesc, queueDepthDesc, answersDesc, callsDesc, reloadsDesc, lastReloadDesc, spansSentDesc, spansLostDesc, recordsInDesc, recordsOutDesc, recordsDroppedDesc, recordsPendingDesc, recordsBytesDesc, recordsUpDesc, workersDesc, wantedDesc, restartsDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (t *Telemetry) Collect(out chan<- prometheus.Metric) {
	c := collection{out}
	for status := range t.answers {
		if n := t.answers[status].Load(); n > 0 {
			c.counter(answersDesc, n, strconv.Itoa(status))
		}
	}
	t.rpcs.collect(c)
	t.reloads.collect(c)
	if s := t.spans.Load(); s != nil {
		collectSpans(c, *s)
	}
	if list := t.records.Load(); list != nil {
		for _, s := range (*list)() {
			s.collect(c)
		}
	}
	if list := t.crews.Load(); list != nil {
		for _, crew := range (*list)() {
			crew.collect(c)
		}
	}
	for _, s := range t.allSteps() {
		s.collect(c)
	}
	for _, q := range t.allQueues() {
		q.collect(c)
	}
	inFlight := map[string]int64{}
	for _, m := range t.all() {
		inFlight[m.name] += m.inFlight()
		m.collect(c)
	}
	for name, n := range inFlight {
		c.gauge(inFlightDesc, float64(n), name)
	}
}

func (t *Telemetry) all() []*ModelMetrics {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]*ModelMetrics, 0, len(t.models))
	for _, m := range t.models {
		all = append(all, m)
	}
	return all
}

func (t *Telemetry) allSteps() []*StepMetrics {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Collect(maps.Values(t.steps))
}

func (m *ModelMetrics) collect(c collection) {
	var failed [len(codes)]uint64
	for _, o := range *m.ops.Load() {
		for i := range codes {
			n := o.byCode[i].Load()
			if n == 0 && (o.op != operations[0] || i > 0) {
				continue // a series appears with its first request; "infer", "ok" is always there
			}
			c.counter(requestsDesc, n, m.name, m.version, o.op, codes[i])
			failed[i] += n
		}
	}
	for i := 1; i < len(codes); i++ {
		if failed[i] > 0 {
			c.counter(errorsDesc, failed[i], m.name, m.version, codes[i])
		}
	}
	c.send(m.latency.metric(durationDesc, m.created, m.name, m.version))
	m.collectState(c)
}

func (m *ModelMetrics) collectState(c collection) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loadTime > 0 {
		c.gauge(loadDesc, m.loadTime.Seconds(), m.name, m.version)
	}
	if m.state == "" {
		return
	}
	other := true
	for _, s := range states {
		is := 0.0
		if s == m.state {
			is, other = 1, false
		}
		c.gauge(stateDesc, is, m.name, m.version, s)
	}
	if other {
		c.gauge(stateDesc, 1, m.name, m.version, m.state)
	}
}

// A collection is where metrics go that are being collected.
type collection struct{ out chan<- prometheus.Metric }

func (c collection) counter(desc *prometheus.Desc, n uint64, labels ...string) {
	c.send(prometheus.NewConstMetric(desc, prometheus.CounterValue, float64(n), labels...))
}

func (c collection) gauge(desc *prometheus.Desc, v float64, labels ...string) {
	c.send(prometheus.NewConstMetric(desc, prometheus.GaugeValue, v, labels...))
}

// send passes a metric on. One that cannot be made, because its label is not
// UTF-8 for example, is left out: it must not take the others with it.
func (c collection) send(m prometheus.Metric, err error) {
	if err == nil {
		c.out <- m
	}
}
