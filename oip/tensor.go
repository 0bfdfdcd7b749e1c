package oip

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// An inputTensor is one item of "inputs" as its members are read.
type inputTensor struct {
	name       string
	datatype   serve.Datatype
	typeName   string   // as sent, where it names no datatype
	shape      []int    // over the memory that the request has for it
	elems      []uint64 // memory for the elements, if they fit
	parameters map[string]any
	data       jsontext.Lexer // before data whose datatype or shape came later
	tensor     *serve.Tensor  // in which the data is put
	read       bool
	problem    string // what is wrong with it if it is meant to be a tensor

	hasName, hasType, hasShape, hasData bool
}

func (in *inputTensor) isTensor() bool { return in.hasType || in.hasData }

// inputTensor reads item i. Data that comes before its datatype or shape is
// only passed over.
func (r *reader) inputTensor(b *Buffer, i int) (*inputTensor, error) {
	in := &r.in
	if in.tensor != nil { // used before
		*in = inputTensor{}
	}
	switch {
	case i == 0:
		in.shape, in.elems, in.tensor = b.shape[:0], b.elems[:], &b.tensor
	case r.spare != nil:
		in.tensor = r.spare
	default:
		in.tensor = new(serve.Tensor)
	}
	if r.lx.Kind() != jsontext.Object {
		return in, r.lx.Skip()
	}
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		done := false
		if done, err = r.plainMember(in); !done {
			err = r.tensorMember(in, i)
		}
		if err != nil {
			return in, err
		}
		more, err = r.lx.ObjectNext()
	}
	return in, err
}

func (r *reader) tensorMember(in *inputTensor, i int) error {
	key, err := r.lx.ReadKey(nil)
	if err != nil {
		return err
	}
	twice := false
	switch string(key) {
	case "name":
		twice, in.hasName = in.hasName, true
		err = r.tensorName(in)
	case "datatype":
		twice, in.hasType = in.hasType, true
		err = r.tensorType(in)
	case "shape":
		twice, in.hasShape = in.hasShape, true
		err = r.tensorShape(in)
	case "data":
		twice, in.hasData = in.hasData, true
		err = r.tensorData(in)
	case "parameters":
		if r.lx.Kind() == jsontext.Object || r.lx.Kind() == jsontext.Null {
			at := r.lx
			if in.parameters, err = r.parameters("parameters"); err != nil && !isSyntax(err) {
				in.problem = err.Error() // if this is a tensor at all
				r.lx = at
				err = r.lx.Skip()
			}
			break
		}
		in.problem = "parameters is not an object"
		err = r.lx.Skip()
	default:
		err = r.lx.Skip()
	}
	if twice && err == nil {
		err = fmt.Errorf("inputs[%d]: the key %q is there twice", i, key)
	}
	return err
}

func (r *reader) tensorName(in *inputTensor) error {
	if r.lx.Kind() != jsontext.String {
		in.problem = "name is not a string"
		return r.lx.Skip()
	}
	s, err := r.lx.ReadString(nil)
	if long := tooLong("name", len(s)); long != nil {
		in.problem = long.Error()
		return err
	}
	in.name = r.text(s)
	return err
}

func (r *reader) tensorType(in *inputTensor) error {
	if r.lx.Kind() != jsontext.String {
		in.problem = "datatype is not a string"
		return r.lx.Skip()
	}
	s, err := r.lx.ReadString(nil)
	if in.datatype = serve.ParseDatatype(string(s)); in.datatype == serve.Invalid {
		if long := tooLong("datatype", len(s)); long != nil {
			in.problem = long.Error()
			return err
		}
		in.typeName = string(s)
	}
	return err
}

func (r *reader) tensorShape(in *inputTensor) error {
	if r.lx.Kind() != jsontext.Array {
		in.problem = "shape is not a list of lengths"
		return r.lx.Skip()
	}
	at := r.lx
	lists := r.scratch()
	lists.num.Ints = slices.Grow(lists.num.Ints[:0], maxRank)
	lists.dim.Fixed = true
	dims, err := jsontext.Ints(&r.lx, lists.num.Ints[:0:maxRank], &lists.dim)
	if errors.Is(err, jsontext.ErrFull) {
		in.problem = fmt.Sprintf("shape has more than %d lengths", maxRank)
		r.lx = at
		return r.lx.Skip()
	}
	if err != nil {
		if in.problem = elementProblem(err); in.problem == "" {
			return err
		}
		in.problem = "shape: " + in.problem
		r.lx = at
		return r.lx.Skip()
	}
	switch {
	case len(lists.dim.Shape) > 1 || lists.dim.Ragged:
		in.problem = "shape is not a list of lengths"
		return nil
	}
	for i, d := range dims {
		n := int(d)
		switch {
		case d < 0:
			in.problem = fmt.Sprintf("shape: length %d is %d, and lengths are not negative", i, d)
		case int64(n) != d: // where an int has 32 bits
			in.problem = fmt.Sprintf("shape: length %d is %d, which is more elements than can be", i, d)
		}
		in.shape = append(in.shape, n)
	}
	return nil
}

// addInput turns what was read of item i into an input of the request.
func (r *reader) addInput(b *Buffer, in *inputTensor, i int) error {
	outside, err := r.outside(in)
	if err != nil {
		return fmt.Errorf("inputs[%d]: %w", i, err)
	}
	in.hasName = in.name != "" // an empty one is none over gRPC, too
	if msg := in.missing(outside); msg != "" {
		return fmt.Errorf("inputs[%d]: %s", i, msg)
	}
	if r.named(b.req.Inputs, in.name) {
		return fmt.Errorf("input %q is there twice", in.name)
	}
	if err := r.late(in, outside); err != nil {
		return fmt.Errorf("input %q: %w", in.name, err)
	}
	if i == maxItems {
		return tooMany(r.noun() + "s")
	}
	if i == 0 {
		b.req.Inputs = b.inputs[:0]
	}
	t := in.tensor
	t.Name, t.Parameters = in.name, in.parameters
	b.req.Inputs = append(b.req.Inputs, t)
	return nil
}

// fewNames is the number of inputs up to which names are sought one by one.
const fewNames = 16

// named says whether one of the inputs read so far has a name. A body may have
// millions of them.
func (r *reader) named(inputs []*serve.Tensor, name string) bool {
	if len(inputs) <= fewNames {
		return slices.ContainsFunc(inputs, func(t *serve.Tensor) bool { return t.Name == name })
	}
	if r.names == nil {
		r.names = make(map[string]struct{}, 2*fewNames)
		for _, t := range inputs {
			r.names[t.Name] = struct{}{}
		}
	}
	_, twice := r.names[name]
	r.names[name] = struct{}{}
	return twice
}

// late reads elements that could not be read where they were found, or that are
// behind the document.
func (r *reader) late(in *inputTensor, outside bool) error {
	switch {
	case outside:
		return r.blob(in)
	case in.read:
		return nil
	}
	after := r.lx
	r.lx = in.data
	err := r.elementsOf(in)
	r.lx = after
	return err
}

// missing says what a tensor lacks. Its elements may be outside the document.
func (in *inputTensor) missing(outside bool) string {
	switch {
	case in.problem != "":
		return in.problem
	case !in.hasName:
		return "name is missing"
	case !in.hasType:
		return "datatype is missing"
	case in.datatype == serve.Invalid:
		return fmt.Sprintf("datatype %q is not one of the protocol", in.typeName)
	case !in.hasShape:
		return "shape is missing"
	case !in.hasData && !outside:
		return "data is missing: there is neither data nor binary_data_size"
	}
	return ""
}

// tensorData reads the data if its datatype and shape are known, and else
// remembers where it is.
func (r *reader) tensorData(in *inputTensor) error {
	if in.problem != "" || !in.hasShape || in.datatype == serve.Invalid || in.read {
		in.data = r.lx
		return r.lx.Skip()
	}
	in.read = true
	err := r.elementsOf(in)
	if err != nil && !isSyntax(err) {
		name := in.name
		if !in.hasName {
			name = "?"
		}
		return fmt.Errorf("%s %q: %w", r.noun(), name, err)
	}
	return err
}

func isSyntax(err error) bool {
	var syntax *jsontext.SyntaxError
	return errors.As(err, &syntax)
}

// elementsOf reads the data under the cursor into the tensor.
func (r *reader) elementsOf(in *inputTensor) error {
	n, ok := serve.Elements(in.shape)
	if !ok {
		return fmt.Errorf("shape %v has more elements than can be", in.shape)
	}
	if r.lx.Kind() != jsontext.Array {
		return r.skipped("data is not a list")
	}
	at := r.lx
	src := r.lx.Data[r.lx.Pos:]
	// No array of n elements is shorter than this: a shape cannot claim memory
	// that the body does not back.
	if n > 0 && n > len(src)/2 {
		return fmt.Errorf("shape %v holds %d elements, but data has fewer", in.shape, n)
	}
	if err := r.elements(in, n); errors.Is(err, jsontext.ErrFull) {
		r.lx = at
		got, err := r.lx.CountElements()
		if err != nil {
			return err
		}
		return wrongCount(in, n, got)
	} else if err != nil {
		return err
	}
	if r.scratch().dim.Ragged {
		return errors.New("data is ragged: arrays of one level differ in length")
	}
	// Bare NaN and Infinity are read but not written, and neither is BOOL as numbers.
	src = src[:len(src)-(len(r.lx.Data)-r.lx.Pos)]
	if !r.scratch().dim.Bare && (in.datatype != serve.Bool || !bytes.ContainsAny(src, "01")) {
		in.tensor.SetSource(src, false)
	}
	return nil
}

func (r *reader) elements(in *inputTensor, n int) error {
	buf := in.elems
	r.scratch().dim.Fixed = true
	switch in.datatype {
	case serve.FP32:
		v, err := r.lx.Float32s(reuse[float32](buf, n), &r.scratch().dim)
		return made(in, n, v, err)
	case serve.FP64:
		v, err := r.lx.Float64s(reuse[float64](buf, n), &r.scratch().dim)
		return made(in, n, v, err)
	case serve.Int64:
		return integers[int64](r, in, n, buf)
	case serve.Int32:
		return integers[int32](r, in, n, buf)
	case serve.Int16:
		return integers[int16](r, in, n, buf)
	case serve.Int8:
		return integers[int8](r, in, n, buf)
	case serve.Uint64:
		return integers[uint64](r, in, n, buf)
	case serve.Uint32:
		return integers[uint32](r, in, n, buf)
	case serve.Uint16:
		return integers[uint16](r, in, n, buf)
	case serve.Uint8:
		return integers[uint8](r, in, n, buf)
	case serve.Bool:
		v, err := r.lx.Bools(reuse[bool](buf, n), &r.scratch().dim)
		return made(in, n, v, err)
	case serve.Bytes:
		if n > (len(r.lx.Data)-r.lx.Pos)/3 {
			return fmt.Errorf("shape %v holds %d elements, but data has fewer", in.shape, n)
		}
		v, err := r.lx.Strings(make([]string, 0, n), &r.scratch().dim)
		if err != nil {
			return elementError(in, err)
		}
		if len(v) != n {
			return wrongCount(in, n, len(v))
		}
		*in.tensor, err = serve.MakeBytes(in.name, in.shape, v)
		return err
	}
	if r.answer {
		return r.halves(in, n)
	}
	return fmt.Errorf("%s has no JSON form: it is sent with the binary tensor extension (binary_data_size)", in.datatype)
}

func integers[T jsontext.Integer](r *reader, in *inputTensor, n int, buf []uint64) error {
	v, err := jsontext.Ints(&r.lx, reuse[T](buf, n), &r.scratch().dim)
	return made(in, n, v, err)
}

func made[T serve.Element](in *inputTensor, n int, v []T, err error) error {
	if err != nil {
		return elementError(in, err)
	}
	if len(v) != n {
		return wrongCount(in, n, len(v))
	}
	return serve.InitTensor(in.tensor, in.name, in.datatype, in.shape, v)
}

func wrongCount(in *inputTensor, want, got int) error {
	return fmt.Errorf("shape %v holds %d elements, but data has %d", in.shape, want, got)
}

func elementError(in *inputTensor, err error) error {
	if problem := elementProblem(err); problem != "" {
		return fmt.Errorf("%s (datatype %s)", problem, in.datatype)
	}
	return err
}

// elementProblem says which element is wrong and why; "" when err is about
// something else.
func elementProblem(err error) string {
	var bad *jsontext.ElementError
	if !errors.As(err, &bad) {
		return ""
	}
	return fmt.Sprintf("element %d is %s, %s", bad.Index, bad.Token, bad.Problem)
}
