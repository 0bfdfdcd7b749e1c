package onnxml

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// A compiler makes a program of a graph.
type compiler struct {
	*graph
	size      int // of the file
	values    []info
	numbers   map[string]int // of the values, by name
	steps     []step
	makers    map[string]maker
	ensembles int
	trees     int
}

// Parse reads an ONNX file. It keeps nothing of data.
//
// # Errors
//
// What the file is, or what of its graph is not understood: such a file may
// still be a model for ONNX Runtime. A file can ask for no more memory than a
// small multiple of its size.
func Parse(data []byte) (*Program, error) {
	g, err := readModel(data)
	if err != nil {
		return nil, err
	}
	if v := g.opsets["ai.onnx.ml"]; v < 1 || v > 5 || g.opsets[""] > maxOpset {
		return nil, fmt.Errorf("it has version %d of ai.onnx.ml and version %d of ai.onnx", v, g.opsets[""])
	}
	c := &compiler{graph: g, size: len(data), numbers: map[string]int{}, makers: makers()}
	if err := c.addConstants(); err != nil {
		return nil, err
	}
	p := &Program{}
	if err := c.addInput(p); err != nil {
		return nil, err
	}
	for i := range g.nodes {
		if err := c.addNode(&g.nodes[i]); err != nil {
			return nil, fmt.Errorf("node %d, %s: %w", i, strconv.Quote(g.nodes[i].op), err)
		}
	}
	if c.ensembles == 0 {
		return nil, fmt.Errorf("it has no trees")
	}
	if err := c.addOutputs(p); err != nil {
		return nil, err
	}
	c.silence(p.outputs)
	p.steps, p.trees, p.values = c.steps, c.trees, len(c.values)
	for i, v := range c.values {
		if v.constant != nil {
			p.constants = append(p.constants, placed{i, v.constant})
		}
	}
	return p, nil
}

// silence tells operators which of their outputs nobody looks at.
func (c *compiler) silence(outputs []int) {
	used := make([]bool, len(c.values))
	for _, at := range outputs {
		used[at] = true
	}
	for _, s := range c.steps {
		for _, at := range s.in {
			used[at] = true
		}
	}
	for _, s := range c.steps {
		o, ok := s.operator.(interface{ unused(output int) })
		for i, at := range s.out {
			if ok && !used[at] {
				o.unused(i)
			}
		}
	}
}

// maxOpset is the last version of ONNX's own operators whose definitions were
// looked at.
const maxOpset = 26

// add numbers a value.
func (c *compiler) add(name string, i info) (int, error) {
	if _, twice := c.numbers[name]; twice || name == "" {
		return 0, fmt.Errorf("there are two values %q, or one without a name", name)
	}
	c.numbers[name] = len(c.values)
	c.values = append(c.values, i)
	return len(c.values) - 1, nil
}

func (c *compiler) addConstants() error {
	for _, m := range c.constants {
		t, err := readTensor(m)
		if err != nil {
			return err
		}
		if _, err := c.add(t.name, info{kind: t.kind, shape: t.shape, constant: &t}); err != nil {
			return err
		}
	}
	return nil
}

// addInput finds the one input that has no value in the file.
func (c *compiler) addInput(p *Program) error {
	for _, m := range c.inputs {
		v, err := readValueInfo(m)
		if err != nil {
			return err
		}
		if at, ok := c.numbers[v.name]; ok && c.values[at].constant != nil {
			continue
		}
		if p.Input.Name != "" {
			return fmt.Errorf("it has several inputs")
		}
		if v.mapping || len(v.shape) != 2 || v.shape[1] > maxLength {
			return fmt.Errorf("input %q is no matrix", v.name)
		}
		if p.input, err = c.add(v.name, info{kind: v.kind, shape: v.shape}); err != nil {
			return err
		}
		p.Input = Port{Name: v.name, Datatype: v.kind.datatype(), Shape: v.shape}
	}
	switch p.Input.Datatype {
	case serve.FP32, serve.FP64, serve.Int64, serve.Int32:
		return nil
	}
	return fmt.Errorf("it has no input of numbers")
}

func (c *compiler) addNode(n *node) error {
	key := n.domain + "/" + n.op
	make, ok := c.makers[key]
	if !ok {
		return fmt.Errorf("the operator is not known")
	}
	s, in := step{}, []*info(nil)
	for _, name := range n.inputs {
		at, ok := c.numbers[name]
		if !ok {
			return fmt.Errorf("there is no value %q", name)
		}
		s.in, in = append(s.in, at), append(in, &c.values[at])
	}
	if len(in) == 0 {
		return fmt.Errorf("it has no inputs")
	}
	for _, i := range in[:len(in):len(in)] {
		if i.classes != nil {
			return fmt.Errorf("it takes what a ZipMap answers")
		}
	}
	operator, out, err := make(c, n, in)
	if err != nil {
		return err
	}
	s.operator = operator
	for i, name := range n.outputs {
		at, err := c.add(name, out[i])
		if err != nil {
			return err
		}
		s.out = append(s.out, at)
	}
	c.steps = append(c.steps, s)
	return nil
}

func (c *compiler) addOutputs(p *Program) error {
	for _, m := range c.outputs {
		v, err := readValueInfo(m)
		if err != nil {
			return err
		}
		at, ok := c.numbers[v.name]
		if !ok || slices.Contains(p.outputs, at) {
			return fmt.Errorf("output %q is not there, or there twice", v.name)
		}
		port, err := c.output(v, &c.values[at])
		if err != nil {
			return fmt.Errorf("output %q: %w", v.name, err)
		}
		p.Outputs, p.outputs = append(p.Outputs, port), append(p.outputs, at)
	}
	if len(p.Outputs) == 0 {
		return fmt.Errorf("it has no outputs")
	}
	return nil
}

// output describes an output as it is declared.
func (c *compiler) output(v valueInfo, i *info) (Port, error) {
	if v.mapping != (i.classes != nil) {
		return Port{}, fmt.Errorf("it is declared as another kind of value than it is")
	}
	port := Port{Name: v.name, Datatype: i.kind.datatype(), Shape: v.shape, Classes: i.classes}
	if v.mapping {
		port.Shape = []int{-1, len(i.classes)}
		return port, nil
	}
	if i.constant != nil || v.kind != i.kind || i.kind == int32s || port.Datatype == serve.Invalid {
		return Port{}, fmt.Errorf("it is declared as type %d, but is of type %d", v.kind, i.kind)
	}
	if v.shape != nil && len(v.shape) != len(i.shape) {
		return Port{}, fmt.Errorf("it is declared with shape %v, but has %v", v.shape, i.shape)
	}
	return port, nil
}
