//go:build cgo && (linux || darwin)

package onnx

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// A port is an input or output of a model.
type port struct {
	spec     serve.TensorSpec
	name     *cText // spec.Name, in the library's memory
	element  int    // ONNX's number of the datatype
	sequence bool
	classes  []string // of an output that was a ZipMap: its columns
}

// describe reads the model's inputs and outputs.
func (m *model) describe(g *graph, spec serve.ModelSpec) error {
	var err error
	if m.inputs, err = m.ports(inputs, g); err != nil {
		return err
	}
	m.required = len(m.inputs)
	if err = m.defaulted(g, spec.Inputs); err != nil {
		return err
	}
	if m.outputs, err = m.ports(outputs, g); err != nil {
		return err
	}
	m.desc.Platform = "onnxruntime_onnx"
	if m.desc.Inputs, err = refine("input", specsOf(m.inputs), spec.Inputs); err != nil {
		return err
	}
	m.desc.Outputs, err = refine("output", specsOf(m.outputs), spec.Outputs)
	return err
}

func specsOf(ports []port) []serve.TensorSpec {
	specs := make([]serve.TensorSpec, len(ports))
	for i, p := range ports {
		specs[i] = p.spec
	}
	return specs
}

// ports are the inputs or the outputs. Those read before an error are returned
// beside it, since their names are to be released.
func (m *model) ports(of side, g *graph) ([]port, error) {
	n, err := m.lib.count(m.session, of)
	if err != nil {
		return nil, err
	}
	var ports []port
	for i := range n {
		c, name, err := m.lib.describe(m.session, of, i)
		p := port{name: c.name, element: int(c._type), sequence: c.kind == kindSequence}
		p.spec.Name, p.spec.Optional = name, of == defaults
		ports = append(ports, p)
		if err == nil {
			err = ports[i].check(&c, of == outputs)
		}
		if err != nil {
			return ports, fmt.Errorf("%s %q: %w", of, name, err)
		}
		if of == outputs {
			ports[i].unzip(g.classes[name])
		}
	}
	return ports, nil
}

// String is how errors call one.
func (s side) String() string {
	if s == outputs {
		return "output"
	}
	return "input"
}

// defaulted adds the inputs that have a value in the file, of which only those that are
// declared are for requests: to others they are weights.
func (m *model) defaulted(g *graph, declared []serve.TensorSpec) error {
	if len(declared) == 0 {
		return nil
	}
	ports, err := m.ports(defaults, g)
	for _, p := range ports {
		if err == nil && slices.ContainsFunc(declared, func(d serve.TensorSpec) bool { return d.Name == p.spec.Name }) {
			m.inputs = append(m.inputs, p)
		} else {
			m.lib.free(p.name)
		}
	}
	return err
}

// check fills in datatype and shape, and refuses what no tensor stands for.
func (p *port) check(c *ortPort, output bool) error {
	switch {
	case c.kind == kindTensor:
	case p.sequence && output && c.element_kind == kindTensor:
	case p.sequence:
		return fmt.Errorf("it is a sequence of %s, which is not supported", kindName(c.element_kind))
	default:
		return fmt.Errorf("it is %s, which is not supported", kindName(c.kind))
	}
	p.spec.Datatype = datatypeOf(p.element)
	if p.spec.Datatype == serve.Invalid {
		return fmt.Errorf("its elements are %s, which is not supported", elementName(p.element))
	}
	if !c.shaped {
		return nil
	}
	p.spec.Shape = make([]int, c.rank)
	for i := range p.spec.Shape {
		p.spec.Shape[i] = max(int(c.dims[i]), -1)
	}
	if p.sequence {
		p.spec.Shape = slices.Insert(p.spec.Shape, 0, -1)
	}
	return nil
}

// unzip describes an output that was a ZipMap. It is a row where the model
// takes a row, but always answers with rows.
func (p *port) unzip(classes []string) {
	if classes == nil {
		return
	}
	p.classes = classes
	p.spec.Shape = []int{-1, len(classes)}
}

// rows makes rows of the one row that some models answer with in place of a
// ZipMap, and checks that there is a column a class.
func (p *port) rows(shape []int) ([]int, error) {
	if len(shape) == 1 {
		shape = []int{1, shape[0]}
	}
	if len(shape) != 2 || shape[1] != len(p.classes) {
		return nil, fmt.Errorf("it has shape %v, but the model has %d classes", shape, len(p.classes))
	}
	return shape, nil
}

var kindNames = map[cInt]string{
	kindTensor: "tensors", kindSequence: "sequences", kindMap: "a map", kindOpaque: "opaque",
	kindSparseTensor: "a sparse tensor", kindOptional: "optional",
}

func kindName(kind cInt) string {
	if name, ok := kindNames[kind]; ok {
		return name
	}
	return fmt.Sprintf("a value of kind %d", kind)
}
