package triton

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// Datatype is a datatype as the protocol has it; Invalid for TYPE_INVALID.
func Datatype(dt inference.DataType) serve.Datatype {
	if dt == inference.DataType_TYPE_STRING {
		return serve.Bytes
	}
	return serve.ParseDatatype(dt.String()[len("TYPE_"):])
}

// An end is an input or an output.
type end interface {
	GetName() string
	GetDataType() inference.DataType
	GetDims() []int64
	GetReshape() *inference.ModelTensorReshape
	GetIsShapeTensor() bool
}

// tensors checks the inputs and outputs.
func (r *reader) tensors() {
	if r.MaxBatchSize < 0 {
		r.at("max_batch_size", "max_batch_size is %d, which is negative", r.MaxBatchSize)
	}
	if r.Kind == Trees && (len(r.Input) != 1 || len(r.Output) != 1) {
		r.at("backend", "a model of backend fil declares one input and one output, found %d and %d", len(r.Input), len(r.Output))
	}
	if r.Kind == Trees && len(r.Output) == 1 && r.Output[0].GetDataType() != inference.DataType_TYPE_FP32 {
		r.at("output[0].data_type", "backend fil answers in TYPE_FP32, found %s", r.Output[0].GetDataType())
	}
	names := map[string]bool{}
	for i, in := range r.Input {
		at := fmt.Sprintf("input[%d]", i)
		r.end(at, in, names)
		if in.GetFormat() != inference.ModelInput_FORMAT_NONE {
			r.format(at, in)
		}
		r.linear(at, in.GetIsNonLinearFormatIo())
		if in.GetAllowRaggedBatch() {
			r.warn(at+".allow_ragged_batch", "allow_ragged_batch has no effect: requests of different shapes are not put together")
		}
	}
	names = map[string]bool{}
	for i, out := range r.Output {
		r.end(fmt.Sprintf("output[%d]", i), out, names)
		r.linear(fmt.Sprintf("output[%d]", i), out.GetIsNonLinearFormatIo())
	}
}

func (r *reader) linear(at string, not bool) {
	if not {
		r.warn(at+".is_non_linear_format_io", "is_non_linear_format_io has no effect: it is for TensorRT")
	}
}

// format checks that an image has the dimensions of one.
func (r *reader) format(at string, in *inference.ModelInput) {
	if len(in.GetDims()) != 3 {
		r.at(at+".format", "%s is of 3 dims, found %d", in.GetFormat(), len(in.GetDims()))
		return
	}
	r.warn(at+".format", "format has no effect: the model's file says what the dimensions are")
}

func (r *reader) end(at string, e end, names map[string]bool) {
	switch {
	case e.GetName() == "":
		r.at(at, "it has no name")
	case names[e.GetName()]:
		r.at(at+".name", "%q is there twice", e.GetName())
	}
	names[e.GetName()] = true
	if e.GetDataType() == inference.DataType_TYPE_INVALID {
		r.at(at, "%q has no data_type", e.GetName())
	}
	if e.GetIsShapeTensor() {
		r.at(at+".is_shape_tensor", "is_shape_tensor is not supported: it is for TensorRT")
	}
	if len(e.GetDims()) == 0 {
		r.at(at, "%q has no dims: a single element is dims: [ 1 ], with reshape { shape: [ ] } if the model wants none", e.GetName())
	}
	r.dims(at+".dims", e.GetDims())
	if e.GetReshape() != nil {
		r.reshape(at, e)
	}
}

// maxDims is how many dimensions a tensor may have.
const maxDims = 32

func (r *reader) dims(at string, dims []int64) {
	if len(dims) > maxDims {
		r.at(at, "there are %d dimensions, %d are allowed", len(dims), maxDims)
	}
	for i, n := range dims {
		if n == 0 || n < -1 || n > 1<<40 {
			r.at(fmt.Sprintf("%s[%d]", at, i), "a dimension is a length from 1, or -1 for any, found %d", n)
		}
	}
}

// reshape checks that both shapes have as many elements.
func (r *reader) reshape(at string, e end) {
	shape := e.GetReshape().GetShape()
	r.dims(at+".reshape.shape", shape)
	dims, open := product(e.GetDims())
	other, too := product(shape)
	if open != too || dims != other {
		r.at(at+".reshape", "the shape %v has not as many elements as dims %v", shape, e.GetDims())
	}
}

// product is that of the lengths that are known, and how many are not.
func product(dims []int64) (n int64, open int) {
	n = 1
	for _, d := range dims {
		switch {
		case d < 0:
			open++
		case d > 0 && n <= (1<<62)/d:
			n *= d
		}
	}
	return n, open
}

// shape is one as requests have it: behind the batch, if there is one.
func (c *Config) shape(dims []int64) []int {
	out := make([]int, 0, len(dims)+1)
	if c.MaxBatchSize > 0 {
		out = append(out, -1)
	}
	for _, n := range dims {
		out = append(out, int(min(n, math.MaxInt)))
	}
	return out
}

// Inputs are the inputs as requests have them; nil where none are declared.
func (c *Config) Inputs() []serve.TensorSpec {
	specs := make([]serve.TensorSpec, 0, len(c.Input))
	for _, in := range c.Input {
		specs = append(specs, serve.TensorSpec{Name: in.GetName(), Datatype: Datatype(in.GetDataType()), Shape: c.shape(in.GetDims()), Optional: in.GetOptional()})
	}
	return specs
}

// Outputs are the outputs as answers have them.
func (c *Config) Outputs() []serve.TensorSpec {
	specs := make([]serve.TensorSpec, 0, len(c.Output))
	for _, out := range c.Output {
		specs = append(specs, serve.TensorSpec{Name: out.GetName(), Datatype: Datatype(out.GetDataType()), Shape: c.shape(out.GetDims())})
	}
	return specs
}

// ModelInputs and ModelOutputs are the same as the model has them: with the shapes
// that reshape says, and with the inputs that are the server's own.
func (c *Config) ModelInputs() []serve.TensorSpec {
	specs := c.Inputs()
	for i, in := range c.Input {
		if r := in.GetReshape(); r != nil {
			specs[i].Shape = c.shape(r.GetShape())
		}
	}
	return specs
}

// ModelOutputs is described at [Config.ModelInputs].
func (c *Config) ModelOutputs() []serve.TensorSpec {
	specs := c.Outputs()
	for i, out := range c.Output {
		if r := out.GetReshape(); r != nil {
			specs[i].Shape = c.shape(r.GetShape())
		}
	}
	return specs
}

// Reshapes says whether there is a reshape.
func (c *Config) Reshapes() bool {
	for _, in := range c.Input {
		if in.GetReshape() != nil {
			return true
		}
	}
	for _, out := range c.Output {
		if out.GetReshape() != nil {
			return true
		}
	}
	return false
}

// Labels are the names of the files of labels, by output.
func (c *Config) Labels() map[string]string {
	files := map[string]string{}
	for _, out := range c.Output {
		if out.GetLabelFilename() != "" {
			files[out.GetName()] = out.GetLabelFilename()
		}
	}
	return files
}
