package serve

import "context"

// A Model is what a user writes. Predict returns what becomes "outputs" in the
// answer: a *[Tensor], []*[Tensor], numbers, strings, slices and maps of them,
// or anything that encoding/json can encode. It must be safe for concurrent
// use and should return when ctx ends. An [*Error] chooses the status of the
// answer; any other error is a failure of the model.
//
// The interfaces below are optional; the model server finds them by type
// assertion. The life of a request is Preprocess, ValidateRequest, Predict (or
// Explain), Postprocess, LogResult.
type Model interface {
	Predict(ctx context.Context, req *Request) (any, error)
}

// A Loader is a model that loads something. Load is called once, before
// anything else and possibly in the background; m stays valid for the life of
// the model. Without it a model is ready at once.
type Loader interface {
	Load(ctx context.Context, m *ModelContext) error
}

// A Preprocessor changes the request before it is validated. It returns req or
// a changed copy of it; tensors in it must be cloned before they are changed.
type Preprocessor interface {
	Preprocess(ctx context.Context, req *Request) (*Request, error)
}

// A RequestValidator replaces the check that a request has "inputs" and that
// they are a list; [Request.Validate] is that check.
type RequestValidator interface {
	ValidateRequest(ctx context.Context, req *Request) error
}

// A Postprocessor changes the response before it is recorded and sent.
type Postprocessor interface {
	Postprocess(ctx context.Context, resp *Response) (*Response, error)
}

// An Explainer answers the operation "explain", as Predict answers "infer".
type Explainer interface {
	Explain(ctx context.Context, req *Request) (any, error)
}

// An Operator has custom operations (MLRun's op_xx methods). Operation returns
// the function of that name, nil if there is none. The function gets the event
// with its body as it came and returns the body of the answer; it runs without
// validation, postprocessing and record.
type Operator interface {
	Operation(name string) func(ctx context.Context, ev *Event) (any, error)
}

// A ResultLogger chooses what is recorded of an inference in place of the real
// inputs and outputs; a nil result leaves the real ones.
type ResultLogger interface {
	LogResult(req *Request, resp *Response) (inputs, outputs any)
}

// A Describer tells the schema of a loaded model. Requests are converted to it
// and checked against it.
type Describer interface {
	Describe() Description
}

// A Warmer runs once after Load, before the model counts as ready.
type Warmer interface {
	Warm(ctx context.Context) error
}

// A Supervised is a model in other processes, which may end and be started again.
// Down says why none of them can answer now; nil when one can.
type Supervised interface {
	Down() error
}

// Workers are the processes that a model or a step has its work done by.
type Workers struct {
	Of       string // whose they are, where no model's
	Alive    int    // that can answer now
	Wanted   int
	Restarts uint64 // of them, since the start: after crashes, hangs and for want of memory
}

// A Crewed has workers. Who has none has the zero value.
type Crewed interface {
	Workers() Workers
}

// A Description is what is known of a model's inputs and outputs. It is
// immutable.
type Description struct {
	Platform string // "xgboost", "onnxruntime_onnx"; "" if unknown
	Inputs   []TensorSpec
	Outputs  []TensorSpec
	// Features are the columns that the model's artifact names. Where the model
	// has no Inputs of its own they are the schema.
	Features []Feature
	Labels   []Feature // the columns of the outputs, likewise
	// MaxBatch is how many rows (the first dimension of the inputs) a request
	// may have; 0 is any number.
	MaxBatch int
	// Streams says that the model may answer any number of times: Triton calls it
	// decoupled. The model server sets it for a [Streamer] that has no schema.
	Streams bool
	// StreamsOnly says that it answers in no other way: who asks for one answer is
	// refused. The model server sets it for a model that embeds [OnlyStreams].
	StreamsOnly bool
}

// A TensorSpec describes one input or output tensor.
type TensorSpec struct {
	Name     string
	Datatype Datatype
	// Shape has one length a dimension, -1 for any; it is empty for a scalar and
	// nil where even the number of dimensions is open.
	Shape    []int
	Optional bool // an input that a request may leave out
	// Classes are the names of an output's classes in the order of its numbers; nil
	// where they have none.
	Classes []string
	// AnyNumber lets an input be of any numeric datatype; the model converts.
	AnyNumber bool
	// Told is what metadata shows in the place of a Shape that is nil: one that nobody
	// is held to.
	Told []int
}

// A Feature is one column as a model artifact describes it.
type Feature struct {
	Name      string
	ValueType string  // "float", "int", "str" …; "" if unknown
	Fields    *Object // everything that the artifact says of it, name included
}

// Datatype is the tensor datatype for the feature's value type: FP64 for
// floats, INT64 for integers, BOOL and BYTES for the rest; FP64 if unknown.
func (f Feature) Datatype() Datatype {
	switch f.ValueType {
	case "int", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "integer":
		return Int64
	case "bool", "boolean":
		return Bool
	case "str", "string", "bytes", "datetime", "object":
		return Bytes
	}
	return FP64
}
