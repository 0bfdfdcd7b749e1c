package foreign

import (
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

// A Plan is how a model is served. It is immutable.
type Plan struct {
	// Runtime loads the model, with Parameters over those of the step. Copies is how
	// many times: more than one where a model remembers and each of its copies has
	// sequences of its own.
	Runtime    *catalog.RuntimeEntry
	Parameters map[string]any
	Copies     int
	// ModelInputs and ModelOutputs are the schema that the runtime is told; nil
	// leaves it to the file.
	ModelInputs, ModelOutputs []serve.TensorSpec
	// Inputs and Outputs are those of requests and answers; nil where they are the
	// model's own. MaxBatch is how many rows a request may have; 0 is any number.
	Inputs, Outputs []serve.TensorSpec
	MaxBatch        int
	// OwnLimit keeps the number of rows that the model itself takes at most.
	OwnLimit bool
	// Batched says that every tensor begins with the rows of the batch.
	Batched bool
	// Adapt changes what goes in and comes out; nil changes nothing.
	Adapt Adapter
	// Batch puts requests together, Sequence serves sequences and CacheBytes keeps
	// answers; nil and 0 do not.
	Batch      *schedule.BatchOptions
	Sequence   *schedule.SequenceOptions
	CacheBytes int
	// Warmups are requests that the model is to have answered before it is ready.
	Warmups []Warmup
	// Labels are the names of classes, by output.
	Labels map[string][]string
	// Wrong says where the settings are of which only the loaded model shows that they
	// are wrong; nil where nobody asks the model, as of other servers' settings.
	Wrong func(format string, args ...any) error
	// Document is the configuration as it is shown, completed with what the model
	// says; nil shows what is known of any model.
	Document func(d serve.Description) *serve.Object
}

// An Adapter is what stands between requests and a model of which the schema is
// another.
type Adapter interface {
	// Check says whether it can, once the model is known.
	Check(d serve.Description) error
	// In makes the model's request of one, which it leaves as it is, and Out the
	// answer of the model's.
	In(req *serve.Request) (*serve.Request, error)
	Out(outputs []*serve.Tensor) ([]*serve.Tensor, error)
}

// A Warmup is a request to be made Count times.
type Warmup struct {
	Name   string
	Count  int
	Inputs []*serve.Tensor
}
