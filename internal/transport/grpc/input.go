package grpc

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/serve"
)

// An input is one input tensor as its fields are read.
type input struct {
	name     string
	datatype serve.Datatype
	typeName string // as sent, where it names no datatype
	shape    []int
	elements int // that the shape holds
	params   map[string]any
	contents *contents // nil without any
}

// read reads one field of an InferInputTensor.
func (in *input) read(c *tensorwire.Cursor, m *inferRequest) error {
	num, typ, err := c.Tag()
	if err != nil {
		return err
	}
	switch {
	case num == 1 && typ == protowire.BytesType:
		in.name, err = label(c, "the name of an input")
	case num == 2 && typ == protowire.BytesType:
		err = in.readType(c)
	case num == 3:
		in.shape, err = readShape(c, typ, in.shape)
	case num == 4 && typ == protowire.BytesType:
		in.params, err = m.readParameter(c, in.params)
	case num == 5 && typ == protowire.BytesType:
		if in.contents == nil {
			in.contents = &contents{from: *c}
		}
		err = c.Skip(typ)
	default:
		err = c.Skip(typ)
	}
	return err
}

func (in *input) readType(c *tensorwire.Cursor) error {
	name, err := label(c, "a datatype")
	if in.datatype = serve.ParseDatatype(name); in.datatype == serve.Invalid {
		in.typeName = name
	}
	return err
}

// maxRank is how many dimensions a tensor may have.
const maxRank = 256

func readShape(c *tensorwire.Cursor, typ protowire.Type, shape []int) ([]int, error) {
	one := func() error {
		if len(shape) == maxRank {
			return fmt.Errorf("a shape has more than %d lengths", maxRank)
		}
		v, err := c.Varint()
		n := int(int64(v))
		if err == nil && int64(n) != int64(v) { // where an int has 32 bits
			return fmt.Errorf("a length of a shape is %d, which is more elements than can be", int64(v))
		}
		shape = append(shape, n)
		return err
	}
	switch typ {
	case protowire.VarintType:
		return shape, one()
	case protowire.BytesType:
		err := c.Message(one)
		return shape, err
	}
	return shape, tensorwire.ErrMalformed
}

// check says what is wrong with an input before anybody looks at its elements.
func (in *input) check(i int) error {
	switch {
	case in.name == "":
		return fmt.Errorf("inputs[%d]: name is missing", i)
	case in.datatype == serve.Invalid && in.typeName == "":
		return fmt.Errorf("input %q: datatype is missing", in.name)
	case in.datatype == serve.Invalid:
		return fmt.Errorf("input %q: datatype %q is not one of the protocol", in.name, in.typeName)
	}
	for _, key := range []string{"shared_memory_region", "shared_memory_offset", "shared_memory_byte_size"} {
		if _, ok := in.params[key]; ok {
			return serve.Errorf(serve.NotOffered, "", "input %q: %s: shared memory is not offered", in.name, key)
		}
	}
	for at, n := range in.shape {
		if n < 0 {
			return fmt.Errorf("input %q: length %d of the shape is %d, and lengths are not negative", in.name, at, n)
		}
	}
	n, ok := serve.Elements(in.shape)
	if !ok {
		return fmt.Errorf("input %q: shape %s has more elements than can be", in.name, shown(in.shape))
	}
	in.elements = n
	return nil
}

// shown is a shape as errors have it, which need not show all of it.
func shown(shape []int) string {
	const most = 16
	if len(shape) <= most {
		return fmt.Sprint(shape)
	}
	return fmt.Sprintf("%v and %d more", shape[:most], len(shape)-most)
}

func (in *input) miscounted(got int) error {
	return fmt.Errorf("shape %s holds %d elements, but there are %d", shown(in.shape), in.elements, got)
}

// tensor makes t the tensor of the input: of its contents, or of raw bytes.
func (in *input) tensor(t *serve.Tensor, raw []byte, isRaw bool) (err error) {
	switch {
	case isRaw && in.datatype == serve.Bytes:
		err = in.rawTexts(t, raw)
	case isRaw:
		err = in.rawNumbers(t, raw)
	case in.contents != nil:
		err = in.contents.tensor(t, in)
	case in.elements == 0:
		err = new(contents).tensor(t, in)
	default:
		err = fmt.Errorf("there are neither contents nor raw_input_contents, and shape %s holds %d elements", shown(in.shape), in.elements)
	}
	if err != nil {
		return fmt.Errorf("input %q: %w", in.name, err)
	}
	t.Parameters = in.params
	return nil
}

func (in *input) rawNumbers(t *serve.Tensor, raw []byte) error {
	size := in.datatype.Size()
	if len(raw)%size != 0 || len(raw)/size != in.elements {
		return fmt.Errorf("raw_input_contents: expected %s bytes for shape %s of %s, got %d", product(in.elements, size), shown(in.shape), in.datatype, len(raw))
	}
	if in.datatype == serve.Bool {
		truths(raw)
	}
	return serve.InitTensor(t, in.name, in.datatype, in.shape, raw)
}

// product is a times b, which may be more than an int holds.
func product(a, b int) string {
	if a > math.MaxInt/b {
		return strconv.Itoa(a) + " times " + strconv.Itoa(b)
	}
	return strconv.Itoa(a * b)
}

// truths makes every byte that is not 0 a 1, which is all that a bool may be.
func truths(raw []byte) {
	for i, b := range raw {
		if b > 1 {
			raw[i] = 1
		}
	}
}

// rawTexts reads elements each of which is behind its length in four bytes. They
// share raw.
func (in *input) rawTexts(t *serve.Tensor, raw []byte) error {
	n := 0
	for rest := raw; len(rest) > 0; n++ {
		size, err := prefix(rest, len(raw), n)
		if err != nil {
			return err
		}
		rest = rest[4+size:]
	}
	if n != in.elements {
		return in.miscounted(n)
	}
	elems := make([]string, n)
	for i := range elems {
		size, _ := prefix(raw, 0, i)
		elems[i], raw = alias(raw[4:4+size]), raw[4+size:]
	}
	return texts(t, in, elems)
}

// prefix is the length of the first element of rest, the ith of all.
func prefix(rest []byte, all, i int) (int, error) {
	if len(rest) < 4 {
		return 0, fmt.Errorf("raw_input_contents: element %d has no length: %d bytes are left of %d", i, len(rest), all)
	}
	size := binary.LittleEndian.Uint32(rest)
	if uint64(size) > uint64(len(rest)-4) {
		return 0, fmt.Errorf("raw_input_contents: element %d has %d bytes, but %d are left of %d", i, size, len(rest)-4, all)
	}
	return int(size), nil
}

// unique says which name is there twice.
func unique(inputs []input) error {
	const few = 16
	if len(inputs) <= few {
		for i := range inputs {
			for j := range i {
				if inputs[i].name == inputs[j].name {
					return fmt.Errorf("input %q is there twice", inputs[i].name)
				}
			}
		}
		return nil
	}
	names := make([]string, len(inputs))
	for i := range inputs {
		names[i] = inputs[i].name
	}
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			return fmt.Errorf("input %q is there twice", names[i])
		}
	}
	return nil
}

// alias is b, which is never written again, as a string.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
