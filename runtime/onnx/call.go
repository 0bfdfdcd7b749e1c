//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"runtime"
	"slices"
	"unsafe"

	"github.com/leat-ml/leat/serve"
)

// A call is what one run at a time needs: memory of C's for its arguments, and
// the means to end it. Tensors are handed over where they are, in Go's memory,
// which is pinned for the time of the run.
type call struct {
	c          *ortCall
	in, out    []ortTensor // within c, as are the next two
	inNames    []*cText
	outNames   []*cText
	ports      []*port // the outputs wanted
	pinner     runtime.Pinner
	ctx        context.Context
	slot       int // in model.active
	terminated bool
}

func newCall(m *model) (*call, error) {
	ins, outs := len(m.inputs), len(m.outputs)
	raw, err := m.lib.newCall(ins, outs)
	if err != nil {
		return nil, err
	}
	c := &call{c: raw, ports: make([]*port, 0, outs)}
	c.in, c.out = unsafe.Slice(c.c.input, ins), unsafe.Slice(c.c.output, outs)
	c.inNames, c.outNames = unsafe.Slice(c.c.input_names, ins), unsafe.Slice(c.c.output_names, outs)
	return c, nil
}

// reset makes the call ready for another run.
func (c *call) reset(lib *library) {
	c.ctx = nil
	if c.terminated {
		lib.unterminate(c.c)
		c.terminated = false
	}
}

// unpin lets go of the tensors that were handed over.
func (c *call) unpin() {
	c.pinner.Unpin()
	for i := range c.in {
		c.in[i].data, c.in[i].ends = nil, nil
	}
}

// choose notes the outputs that are wanted.
func (c *call) choose(outputs []port, wanted []serve.RequestedOutput) error {
	c.ports = c.ports[:0]
	if len(wanted) == 0 {
		for i := range outputs {
			c.ports = append(c.ports, &outputs[i])
		}
	}
	for _, w := range wanted {
		p := portNamed(outputs, w.Name)
		if p == nil {
			return badInput("there is no output %q", w.Name)
		}
		if len(c.ports) == len(outputs) {
			return badInput("an output is asked for twice")
		}
		c.ports = append(c.ports, p)
	}
	c.c.outputs = cSize(len(c.ports))
	for i, p := range c.ports {
		c.outNames[i] = p.name
		c.out[i].sequence = cBool(p.sequence)
	}
	return nil
}

func portNamed(ports []port, name string) *port {
	for i := range ports {
		if ports[i].spec.Name == name {
			return &ports[i]
		}
	}
	return nil
}

// fill hands over the inputs. The model server has checked them by then; what
// is checked here is what memory safety needs.
func (c *call) fill(m *model, req *serve.Request) error {
	if n := len(req.Inputs); n < m.required || n > len(m.inputs) {
		return m.miscounted(n)
	}
	given := 0
	for i := range m.inputs {
		p := &m.inputs[i]
		t := m.given(req, i)
		if t == nil {
			if i >= m.required {
				continue
			}
			return badInput("input %q is missing", p.spec.Name)
		}
		if t.Datatype != p.spec.Datatype {
			return badInput("input %q has datatype %s, but the model takes %s", p.spec.Name, t.Datatype, p.spec.Datatype)
		}
		if len(t.Shape) > maxRank {
			return badInput("input %q has %d dimensions; %d are the most", p.spec.Name, len(t.Shape), maxRank)
		}
		c.inNames[given], c.in[given]._type = p.name, cInt(p.element)
		c.hand(&c.in[given], t)
		given++
	}
	if given != len(req.Inputs) {
		return m.miscounted(len(req.Inputs))
	}
	c.c.inputs = cSize(given)
	return nil
}

// given is the tensor of a request for input i, which as a rule is at i, too; nil if
// there is none. An input that is the only one has any name.
func (m *model) given(req *serve.Request, i int) *serve.Tensor {
	name := m.inputs[i].spec.Name
	if i < len(req.Inputs) && (req.Inputs[i].Name == name || len(m.inputs) == 1) {
		return req.Inputs[i]
	}
	at := slices.IndexFunc(req.Inputs, func(t *serve.Tensor) bool { return t.Name == name })
	if at < 0 {
		return nil
	}
	return req.Inputs[at]
}

func (m *model) miscounted(n int) error {
	return badInput("there are %d inputs, but the model takes %d: %q", n, len(m.inputs), names(specsOf(m.inputs)))
}

// hand hands over one tensor.
func (c *call) hand(in *ortTensor, t *serve.Tensor) {
	in.rank = cSize(len(t.Shape))
	for i, n := range t.Shape {
		in.dims[i] = cDim(n)
	}
	if t.Datatype == serve.Bytes {
		c.handStrings(in, t.Strings())
		return
	}
	data := t.Raw()
	in.bytes = cSize(len(data))
	if len(data) > 0 {
		in.data = c.pin(unsafe.Pointer(&data[0]))
	}
}

// handStrings hands over strings one after another, with where each ends, so
// that they may hold anything, zero bytes included.
func (c *call) handStrings(in *ortTensor, strings []string) {
	total := 0
	for _, s := range strings {
		total += len(s)
	}
	text, ends := make([]byte, 0, total+1), make([]cSize, len(strings)+1)
	for i, s := range strings {
		text = append(text, s...)
		ends[i] = cSize(len(text))
	}
	in.elements, in.bytes = cSize(len(strings)), cSize(total)
	in.data = c.pin(unsafe.Pointer(unsafe.SliceData(text)))
	in.ends = (*cSize)(c.pin(unsafe.Pointer(&ends[0])))
}

// pin lets C see Go's memory until unpin.
func (c *call) pin(p unsafe.Pointer) unsafe.Pointer {
	c.pinner.Pin(p)
	return p
}
