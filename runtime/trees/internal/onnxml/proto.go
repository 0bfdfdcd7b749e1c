package onnxml

import "fmt"

// A graph is what is used of a ModelProto (onnx.proto, whose field numbers the
// readers below have) and its graph. Contents are read when they are asked for.
type graph struct {
	opsets          map[string]int64 // versions, by domain
	nodes           []node
	constants       []message // TensorProto
	inputs, outputs []message // ValueInfoProto
}

// A node is a NodeProto.
type node struct {
	op, domain      string
	inputs, outputs []string
	attributes      attributes
}

// attributes are AttributeProtos by name.
type attributes map[string]message

// maxNodes bounds graphs that are looked at: a forest is one node, and a
// graph of many small ones is not made faster here.
const maxNodes = 256

func readModel(data []byte) (*graph, error) {
	g := &graph{opsets: map[string]int64{}}
	graphs := 0
	err := message(data).each(func(f field) error {
		switch {
		case f.number == 7 && f.kind == kindBytes:
			graphs++
			return g.read(f.bytes)
		case f.number == 8 && f.kind == kindBytes:
			return g.addOpset(f.bytes)
		case f.number == 20, f.number == 25:
			return fmt.Errorf("it has functions or training graphs")
		}
		return nil
	})
	if err == nil && graphs != 1 {
		err = fmt.Errorf("it has %d graphs", graphs)
	}
	return g, err
}

func (g *graph) addOpset(m message) error {
	domain, version := "", int64(0)
	err := m.each(func(f field) error {
		switch {
		case f.number == 1 && f.kind == kindBytes:
			domain = string(f.bytes)
		case f.number == 2 && f.kind == kindVarint:
			version = int64(f.value)
		}
		return nil
	})
	if domain == "ai.onnx" {
		domain = ""
	}
	g.opsets[domain] = version
	return err
}

func (g *graph) read(m message) error {
	return m.each(func(f field) error {
		if f.kind != kindBytes {
			return nil
		}
		switch f.number {
		case 1:
			if len(g.nodes) == maxNodes {
				return fmt.Errorf("it has more than %d nodes", maxNodes)
			}
			n, err := readNode(f.bytes)
			g.nodes = append(g.nodes, n)
			return err
		case 5:
			g.constants = append(g.constants, f.bytes)
		case 11:
			g.inputs = append(g.inputs, f.bytes)
		case 12:
			g.outputs = append(g.outputs, f.bytes)
		case 15:
			return fmt.Errorf("it has sparse initializers")
		}
		return nil
	})
}

func readNode(m message) (node, error) {
	n := node{attributes: attributes{}}
	err := m.each(func(f field) error {
		if f.kind != kindBytes {
			return nil
		}
		switch f.number {
		case 1:
			n.inputs = append(n.inputs, string(f.bytes))
		case 2:
			n.outputs = append(n.outputs, string(f.bytes))
		case 4:
			n.op = string(f.bytes)
		case 5:
			return n.addAttribute(f.bytes)
		case 7:
			n.domain = string(f.bytes)
		}
		return nil
	})
	if n.domain == "ai.onnx" {
		n.domain = ""
	}
	return n, err
}

func (n *node) addAttribute(m message) error {
	name := ""
	err := m.each(func(f field) error {
		switch {
		case f.number == 1 && f.kind == kindBytes:
			name = string(f.bytes)
		case f.number == 21:
			return fmt.Errorf("an attribute is that of a function")
		}
		return nil
	})
	if _, twice := n.attributes[name]; twice && err == nil {
		err = fmt.Errorf("attribute %q is there twice", name)
	}
	n.attributes[name] = m
	return err
}
