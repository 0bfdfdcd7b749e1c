package serve

import "time"

// Served is what serves inferences: a model, or an ensemble. It is immutable, and
// shared by all its records.
type Served struct {
	Graph, Model, Version, Class string
}

// A Record tells what became of one inference. Requests and responses in it
// are immutable.
type Record struct {
	*Served
	Op string

	EventID  string
	Start    time.Time
	Duration time.Duration
	Request  *Request // nil when it failed before it was read
	Err      error
	Chosen   *Chosen // nil, as nearly always, records the real inputs and outputs
	Notes    *Notes  // nil where the model has none

	response *Response
	outputs  any
	answered bool
	stamped  bool
}

// Chosen is what a [ResultLogger] wants to be recorded; nil leaves the real ones.
type Chosen struct{ Inputs, Outputs any }

// Notes are what a model has noted beside its inferences. They are immutable: a
// record keeps those that it was made with.
type Notes struct {
	Metrics map[string]float64
	Labels  map[string]string
}

// Answered notes the answer; nil means that the inference failed.
func (r *Record) Answered(resp *Response) { r.response = resp }

// AnsweredWith notes what a model answered whose response nobody has made: a
// model of an ensemble, of which only the outputs are asked for. stamped says that
// a response would have MLRun's timestamp.
func (r *Record) AnsweredWith(outputs any, stamped bool) {
	r.outputs, r.answered, r.stamped = outputs, true, stamped
}

// Response is what was answered; nil when the inference failed. That of a model
// of an ensemble is made whenever it is asked for.
func (r *Record) Response() *Response {
	if r.response != nil || !r.answered || r.Request == nil {
		return r.response
	}
	resp := new(Response)
	resp.Answer(r.Request, r.Served, r.outputs)
	if r.stamped {
		resp.Stamp(r.Start)
	}
	return resp
}

// A Recorder receives one Record for every inference served. Record neither
// blocks nor fails: what does not fit is dropped and counted. It must be safe
// for concurrent use.
type Recorder interface{ Record(r Record) }
