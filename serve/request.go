package serve

import "maps"

// A Dialect is one of the two ways to write a request and its answer.
type Dialect uint8

// The dialects.
const (
	// MLRun is {"inputs": [rows, scalars or feature dictionaries]}.
	MLRun Dialect = iota
	// OIP is the Open Inference Protocol: inputs are named, typed tensors.
	OIP
)

// A Request asks a model for an inference. Inputs are immutable; a model that
// passes on a changed request makes a copy of the struct.
type Request struct {
	// ID names the request: what the client sent, else the ID of the event.
	ID string
	// RawID is the id as JSON as the client sent it; nil if it sent none.
	RawID []byte
	// Op is the operation: "infer", "predict", "explain" …
	Op      string
	Dialect Dialect

	present  bool // the body has "inputs"
	list     bool // and they are a list
	replaced bool // the inputs are not those of the body

	// Inputs are the tensors: as sent in OIP, converted to the model's schema
	// in MLRun's dialect. Rows of numbers sent to a model without a schema are
	// one tensor without a name, of INT64 as long as every number is an integer
	// and FP64 otherwise; anything else leaves Inputs empty and is in Data.
	Inputs []*Tensor
	// Data is the value of "inputs" as MLRun's dialect has it; nil in OIP.
	Data any
	// Outputs are the outputs asked for by name, in order; empty means all.
	Outputs []RequestedOutput
	// Parameters of the request; values are string, bool, int64 or float64.
	Parameters map[string]any
	// Body is everything that the client sent.
	Body Body
	// Model and Operation are what the body names; URLs name them as a rule.
	Model, Operation string
}

// unshaped is the Data of a request that is nothing but the elements of the model's
// one input, until the model server has made that of it.
type unshaped []byte

// A RequestedOutput names an output that the client wants.
type RequestedOutput struct {
	Name       string
	Parameters map[string]any
}

// SetPresence is for codecs: whether the body has "inputs", and whether they
// are a list.
func (r *Request) SetPresence(present, list bool) { r.present, r.list = present, list }

// SetReplaced is for the model server: it notes that the inputs are not those of the
// body any more.
func (r *Request) SetReplaced() { r.replaced = true }

// Replaced says whether the inputs are others than those of the body: what a
// [Preprocessor] or an operation of feature dictionaries made of them.
func (r *Request) Replaced() bool { return r.replaced }

// SetUnshaped is for codecs: raw is the elements of the model's one input, of which
// the request says nothing.
func (r *Request) SetUnshaped(raw []byte) { r.Data = unshaped(raw) }

// Unshaped says whether the request is one of SetUnshaped.
func (r *Request) Unshaped() bool {
	_, ok := r.Data.(unshaped)
	return ok
}

// TakeUnshaped is for the model server: what SetUnshaped was given, which is an input
// from now on.
func (r *Request) TakeUnshaped() (raw []byte, ok bool) {
	if raw, ok = r.Data.(unshaped); ok {
		r.Data = nil
	}
	return raw, ok
}

// Validate checks that the request has inputs and that they are a list.
func (r *Request) Validate() error {
	switch {
	case !r.present:
		return Errorf(BadRequest, "Exception", `Expected key "inputs" in request body`)
	case !r.list:
		return Errorf(BadRequest, "Exception", `Expected "inputs" to be a list`)
	}
	return nil
}

// Input returns the input tensor of that name; nil if there is none. A lone
// input is found under any name.
func (r *Request) Input(name string) *Tensor {
	if len(r.Inputs) == 1 {
		return r.Inputs[0]
	}
	for _, t := range r.Inputs {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// Matrix returns the first input as rows of float64, row-major, and the number
// of columns. One dimension is one row; more than two are flattened into rows.
// The numbers may be shared: read them only.
func (r *Request) Matrix() (data []float64, columns int, err error) {
	if len(r.Inputs) == 0 {
		return nil, 0, Errorf(BadRequest, "ValueError", "the inputs are not an array of numbers")
	}
	t := r.Inputs[0]
	if data, err = t.Float64s(nil); err != nil {
		return nil, 0, &Error{Code: BadRequest, Class: "ValueError", Err: err}
	}
	columns = len(data)
	if len(t.Shape) > 1 {
		columns, _ = Elements(t.Shape[1:])
	}
	return data, columns, nil
}

// WithData returns a copy of the request with other inputs in MLRun's dialect:
// what a Preprocessor uses to replace them. A *Tensor becomes the one input.
func (r *Request) WithData(data any) *Request {
	c := *r
	c.Data, c.Inputs = data, nil
	if t, ok := data.(*Tensor); ok {
		c.Inputs = []*Tensor{t}
	}
	c.present, c.list, c.replaced = true, isList(data), true
	return &c
}

// WithInputs returns a copy of the request with other input tensors.
func (r *Request) WithInputs(inputs ...*Tensor) *Request {
	c := *r
	c.Inputs = inputs
	if len(inputs) > 0 && r.Dialect == MLRun {
		c.Data = inputs[0]
	}
	c.present, c.list, c.replaced = true, true, true
	return &c
}

func isList(v any) bool {
	switch v := v.(type) {
	case []any, []float64, []float32, []int64, []int, []string:
		return true
	case *Tensor:
		return len(v.Shape) > 0
	}
	return false
}

// WithParameters returns a copy of the request whose parameters have p over
// those it had.
func (r *Request) WithParameters(p map[string]any) *Request {
	c := *r
	c.Parameters = maps.Clone(r.Parameters)
	if c.Parameters == nil {
		c.Parameters = make(map[string]any, len(p))
	}
	maps.Copy(c.Parameters, p)
	return &c
}
