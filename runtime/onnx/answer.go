//go:build cgo && (linux || darwin)

package onnx

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/leat-ml/leat/serve"
)

// collect copies the outputs of a run into Go's memory.
func (c *call) collect(m *model) ([]*serve.Tensor, error) {
	list, tensors := blanks(len(c.ports))
	for i, p := range c.ports {
		var err error
		if p.sequence {
			tensors[i], err = stack(m.lib, p, &c.out[i])
		} else {
			tensors[i], err = p.copy(m.lib, &c.out[i])
		}
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", p.spec.Name, err)
		}
		list[i] = &tensors[i]
	}
	return list, nil
}

// blanks returns room for n tensors and a list of them: for one, as most models
// answer, in one piece of memory.
func blanks(n int) ([]*serve.Tensor, []serve.Tensor) {
	if n != 1 {
		return make([]*serve.Tensor, n), make([]serve.Tensor, n)
	}
	one := new(struct {
		list    [1]*serve.Tensor
		tensors [1]serve.Tensor
	})
	return one.list[:], one.tensors[:]
}

// copy copies one tensor.
func (p *port) copy(lib *library, out *ortTensor) (serve.Tensor, error) {
	if int(out._type) != p.element {
		return serve.Tensor{}, fmt.Errorf("it is %s, but the model declares %s", elementName(int(out._type)), p.spec.Datatype)
	}
	shape, err := shapeOf(out), error(nil)
	if p.classes != nil {
		if shape, err = p.rows(shape); err != nil {
			return serve.Tensor{}, err
		}
	}
	n, ok := serve.Elements(shape)
	if !ok {
		return serve.Tensor{}, fmt.Errorf("it has shape %v", shape)
	}
	if p.spec.Datatype == serve.Bytes {
		return p.strings(lib, out, shape, n)
	}
	return serve.MakeTensor(p.spec.Name, p.spec.Datatype, shape, cloneOf(out, n*p.spec.Datatype.Size()))
}

// shapeOf is the shape of an output; no dimensions make an empty one.
func shapeOf(out *ortTensor) []int {
	shape := make([]int, out.rank)
	for i, n := range unsafe.Slice(out.shape, out.rank) {
		shape[i] = int(n)
	}
	return shape
}

// cloneOf copies the elements of an output. The copy is aligned for them: Go
// aligns memory of 8 bytes and more to 8, and append rounds smaller ones up.
func cloneOf(out *ortTensor, bytes int) []byte {
	if bytes == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(out.data), bytes)...)
}

// strings copies a tensor of n strings, which share one piece of memory.
func (p *port) strings(lib *library, out *ortTensor, shape []int, n int) (serve.Tensor, error) {
	strings, err := stringsOf(lib, out, n)
	if err != nil {
		return serve.Tensor{}, err
	}
	return makeStrings(p.spec.Name, strings, shape)
}

func stringsOf(lib *library, out *ortTensor, n int) ([]string, error) {
	list := make([]string, n)
	if n == 0 || out.bytes == 0 {
		return list, nil
	}
	text, starts := make([]byte, out.bytes), make([]cSize, n)
	if err := lib.strings(out.value, text, starts); err != nil {
		return nil, err
	}
	all := unsafe.String(&text[0], len(text)) // nobody changes text from here on
	end := out.bytes
	for i := n - 1; i >= 0; i-- {
		list[i] = all[starts[i]:end]
		end = starts[i]
	}
	return list, nil
}

// makeStrings makes a BYTES tensor of any shape.
func makeStrings(name string, list []string, shape []int) (serve.Tensor, error) {
	if n, ok := serve.Elements(shape); ok && n == len(list) && len(shape) > 0 {
		return *serve.NewBytes(name, list, shape...), nil
	}
	t, err := serve.NewBytes(name, list, len(list)).Reshaped(shape...)
	if err != nil {
		return serve.Tensor{}, err
	}
	return *t, nil
}

// stack makes one tensor of a sequence of tensors of one shape, with one more
// dimension at the front.
func stack(lib *library, p *port, out *ortTensor) (serve.Tensor, error) {
	s := stacked{element: p.element}
	for i := range int(out.elements) {
		if err := s.add(lib, out.value, i); err != nil {
			return serve.Tensor{}, err
		}
	}
	if out.elements == 0 {
		s.shape = emptyShape(p.spec.Shape)
	}
	shape := slices.Insert(s.shape, 0, int(out.elements))
	if p.spec.Datatype == serve.Bytes {
		return makeStrings(p.spec.Name, s.strings, shape)
	}
	return serve.MakeTensor(p.spec.Name, p.spec.Datatype, shape, s.data)
}

// emptyShape is the shape of the elements of a sequence that has none: lengths
// that the model leaves open count as 0.
func emptyShape(declared []int) []int {
	var shape []int
	for i, n := range declared {
		if i > 0 {
			shape = append(shape, max(n, 0))
		}
	}
	return shape
}

// stacked are the tensors of a sequence so far.
type stacked struct {
	element int
	shape   []int // of each; nil before the first
	data    []byte
	strings []string
}

func (s *stacked) add(lib *library, sequence *ortValue, i int) error {
	t, err := lib.element(sequence, i)
	if err != nil {
		return err
	}
	defer lib.releaseValue(t.value)
	shape := shapeOf(&t)
	switch {
	case int(t._type) != s.element:
		return fmt.Errorf("tensor %d of the sequence is %s, but the model declares %s", i, elementName(int(t._type)), elementName(s.element))
	case s.shape == nil:
		s.shape = shape
	case !slices.Equal(shape, s.shape):
		return fmt.Errorf("the tensors of the sequence have different shapes, %v and %v, so that they do not make one", s.shape, shape)
	}
	n, ok := serve.Elements(shape)
	if !ok {
		return fmt.Errorf("tensor %d of the sequence has shape %v", i, shape)
	}
	if t._type == stringElement {
		list, err := stringsOf(lib, &t, n)
		s.strings = append(s.strings, list...)
		return err
	}
	if size := n * datatypeOf(s.element).Size(); size > 0 {
		s.data = append(s.data, unsafe.Slice((*byte)(t.data), size)...)
	}
	return nil
}
