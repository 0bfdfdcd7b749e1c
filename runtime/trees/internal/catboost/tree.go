package catboost

import (
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/jsondoc"
)

// rules: values are rounded to float32 where they are compared, and added as
// float64.
var rules = forest.Rules{LeavesApart: true}

// readTrees reads the trees.
func (m *model) readTrees(d *jsondoc.Document, key string) error {
	switch key {
	case "oblivious_trees":
		return d.Array(func() error { return m.readTree(d, m.readOblivious) })
	case "trees":
		return d.Array(func() error { return m.readTree(d, m.readNodes) })
	}
	return d.Skip()
}

// readTree reads a tree if it is among those chosen.
func (m *model) readTree(d *jsondoc.Document, read func(*jsondoc.Document) error) error {
	at := m.trees
	m.trees++
	if at < m.of.From || (m.of.To != 0 && at >= m.of.To) {
		return d.Skip()
	}
	if err := read(d); err != nil {
		return fmt.Errorf("tree %d: %w", at, err)
	}
	return nil
}

func (m *model) readOblivious(d *jsondoc.Document) error {
	var t forest.ObliviousTree
	err := d.Object(func(key []byte) (err error) {
		switch string(key) {
		case "leaf_values":
			t.Values, err = d.Float64s(nil)
		case "leaf_weights":
			t.Covers, err = d.Floats(nil)
		case "splits":
			err = m.readTests(d, &t)
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := m.scaled(t.Values); err != nil {
		return err
	}
	return m.oblivious.Add(&t)
}

// readTests reads the splits of an oblivious tree; a tree without any may have
// null for them.
func (m *model) readTests(d *jsondoc.Document, t *forest.ObliviousTree) error {
	if !d.Starts('[') {
		return d.Skip()
	}
	return d.Array(func() error {
		s, err := m.readSplit(d)
		t.Tests = append(t.Tests, forest.ObliviousTest{Feature: s.feature.column, Border: s.border, NaN: s.feature.nan})
		return err
	})
}

// scaled multiplies values by the scale.
func (m *model) scaled(values []float64) error {
	for i := range values {
		if values[i] *= m.scale; values[i]-values[i] != 0 {
			return fmt.Errorf("value %d is %v", i, values[i])
		}
	}
	return nil
}

// A split is what one compares.
type split struct {
	feature feature
	border  float32
}

func (m *model) readSplit(d *jsondoc.Document) (s split, err error) {
	kind, number := "", -1
	err = d.Object(func(key []byte) (err error) {
		switch string(key) {
		case "split_type":
			kind, err = d.Text()
		case "float_feature_index":
			number, err = integer(d)
		case "border":
			var border float64
			border, err = d.Float64()
			s.border = float32(border)
		default:
			err = d.Skip()
		}
		return err
	})
	switch {
	case err != nil:
		return s, err
	case kind != "FloatFeature":
		return s, fmt.Errorf("split_type %q is not supported", kind[:min(len(kind), 40)])
	case number < 0 || number >= len(m.features):
		return s, fmt.Errorf("float_feature_index %d is out of range (there are %d)", number, len(m.features))
	case s.border-s.border != 0:
		return s, fmt.Errorf("a border is %v", s.border)
	}
	s.feature = m.features[number]
	return s, nil
}

// readNodes reads a tree node in node.
func (m *model) readNodes(d *jsondoc.Document) error {
	nodes, err := m.readNode(d, nil)
	if err != nil {
		return err
	}
	if m.builder == nil {
		m.builder = forest.NewBuilder(rules, m.size)
	}
	return m.builder.Add(nodes)
}

// readNode appends a node and those below it. How deep they are is limited by
// the nesting that a document may have.
func (m *model) readNode(d *jsondoc.Document, nodes []forest.Node) ([]forest.Node, error) {
	at := len(nodes)
	nodes = append(nodes, forest.Node{})
	var n forest.Node
	var s *split
	valued := false
	err := d.Object(func(key []byte) (err error) {
		switch string(key) {
		case "left":
			n.Left = int32(len(nodes))
			nodes, err = m.readNode(d, nodes)
		case "right":
			n.Right = int32(len(nodes))
			nodes, err = m.readNode(d, nodes)
		case "split":
			s = new(split)
			*s, err = m.readSplit(d)
		case "value":
			valued, err = true, m.readValue(d, &n)
		case "weight":
			n.Cover, err = weight(d)
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case s != nil && (n.Left == 0 || n.Right == 0):
		return nil, fmt.Errorf("a split without two sides")
	case s == nil && (n.Left != 0 || n.Right != 0):
		return nil, fmt.Errorf("two sides without a split")
	case s == nil && !valued:
		return nil, fmt.Errorf("a node without a split or a value")
	case s != nil:
		n.Cover = nodes[n.Left].Cover + nodes[n.Right].Cover
		n.Feature, n.Vector = s.feature.column, nil
		n = forest.AboveFloat32(n, s.border, s.feature.nan)
	}
	nodes[at] = n
	return nodes, nil
}

// readValue reads what a leaf adds: a number, or one a margin.
func (m *model) readValue(d *jsondoc.Document, n *forest.Node) (err error) {
	if d.Starts('[') {
		n.Vector, err = d.Float64s(nil)
		if err == nil && len(n.Vector) == 0 {
			return fmt.Errorf("a leaf without a value")
		}
	} else {
		n.Value, err = d.Float64()
	}
	if err != nil {
		return err
	}
	n.Value *= m.scale
	return m.scaled(n.Vector)
}

func weight(d *jsondoc.Document) (float32, error) {
	v, err := d.Float64()
	return float32(v), err
}
