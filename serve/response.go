package serve

import "time"

// A Response is the answer of a model. Its Postprocessor may change it.
type Response struct {
	ID           string
	RawID        []byte // written in place of ID where set
	ModelName    string
	ModelVersion string // "" is left out
	Dialect      Dialect
	// Outputs is what Predict returned; a *Tensor or []*Tensor in OIP by the time
	// it is recorded and written.
	Outputs any
	// Parameters of the response; usually nil.
	Parameters map[string]any
	// Timestamp is written after the outputs when it is set (RFC 3339 style, in
	// UTC): the form MLRun gives it.
	Timestamp string

	more *more // nil as nearly always
}

// more is what few responses have.
type more struct {
	fields          []Field
	whole           []byte
	inputs, outputs any
	asked           *Request
	instead         *instead
}

// instead is what is answered in the place of a response.
type instead struct {
	body  Body
	reply *Reply
}

// Answer makes the response the answer to a request, with outputs as the model
// returned them.
func (r *Response) Answer(req *Request, by *Served, outputs any) {
	r.ID, r.RawID, r.Dialect = req.ID, req.RawID, req.Dialect
	r.ModelName, r.ModelVersion, r.Outputs = by.Model, by.Version, outputs
	r.SetAsked(req)
}

// SetAsked notes the request that is answered, if it says anything about the form
// of its outputs: by parameters of its own or by those of outputs that it names.
func (r *Response) SetAsked(req *Request) {
	if len(req.Outputs) > 0 || len(req.Parameters) > 0 {
		r.rest().asked = req
	}
}

// Asked is the request that is answered, where it has parameters or names outputs;
// else nil. It is for who writes the answer. Read it only.
func (r *Response) Asked() *Request {
	if r.more == nil {
		return nil
	}
	return r.more.asked
}

// Stamp gives the response the timestamp that MLRun's have, of when the inference
// began.
func (r *Response) Stamp(start time.Time) {
	r.Timestamp = start.UTC().Format("2006-01-02 15:04:05.000000+00:00")
}

func (r *Response) rest() *more {
	if r.more == nil {
		r.more = new(more)
	}
	return r.more
}

// Set adds a member after those that every response has, or replaces it.
func (r *Response) Set(key string, v any) {
	rest := r.rest()
	for i := range rest.fields {
		if f := &rest.fields[i]; f.Key == key {
			f.Value = v
			return
		}
	}
	rest.fields = append(rest.fields, Field{Key: key, Value: v})
}

// Fields are the members added by Set. Read them only.
func (r *Response) Fields() []Field {
	if r.more == nil {
		return nil
	}
	return r.more.fields
}

// SetWhole has the response be written as text, a JSON document, whatever its
// members are: what a model in another process made of it as a whole.
func (r *Response) SetWhole(text []byte) { r.rest().whole = text }

// Whole is what SetWhole was given; nil as a rule.
func (r *Response) Whole() []byte {
	if r.more == nil {
		return nil
	}
	return r.more.whole
}

// SetInstead has the request be answered with a body of the model's own in the place
// of the response: a text, or what has a status. A reply of nil is the default one.
// The outputs are recorded.
func (r *Response) SetInstead(b Body, reply *Reply) { r.rest().instead = &instead{b, reply} }

// Instead is what SetInstead was given; ok is false as a rule.
func (r *Response) Instead() (b Body, reply *Reply, ok bool) {
	if r.more == nil || r.more.instead == nil {
		return Body{}, nil, false
	}
	return r.more.instead.body, r.more.instead.reply, true
}

// SetLogged notes what a model wants to be recorded in the place of inputs and
// outputs, for its [ResultLogger]; nil leaves the real ones.
func (r *Response) SetLogged(inputs, outputs any) {
	rest := r.rest()
	rest.inputs, rest.outputs = inputs, outputs
}

// Logged is what SetLogged was given.
func (r *Response) Logged() (inputs, outputs any) {
	if r.more == nil {
		return nil, nil
	}
	return r.more.inputs, r.more.outputs
}
