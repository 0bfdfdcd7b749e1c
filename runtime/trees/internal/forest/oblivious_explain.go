package forest

import (
	"fmt"
	"sync"
)

// expanded is the same forest as nodes, a tree for each margin, which is made
// when contributions are first asked for.
type expanded struct {
	once   sync.Once
	forest *Ensemble
	err    error
}

// explains says why the model has no contributions.
func (o *oblivious) explains() error {
	if len(o.covers)*o.width != len(o.values) {
		return fmt.Errorf("no contributions can be computed: the file does not say how much came to each leaf in training")
	}
	return nil
}

// nodes returns the forest as nodes.
func (o *oblivious) nodes(features int) (*Ensemble, error) {
	o.explain.once.Do(func() { o.explain.forest, o.explain.err = o.expand(features) })
	return o.explain.forest, o.explain.err
}

func (o *oblivious) expand(features int) (*Ensemble, error) {
	b := NewBuilder(Rules{}, 0)
	m := Meta{Features: features, Base: o.bias}
	var nodes []Node
	for i := range o.trees {
		t := &o.trees[i]
		leaves := 1 << (t.end - t.tests)
		for g := range o.width {
			nodes = o.expandTree(nodes[:0], t, leaves, g)
			if err := b.Add(nodes); err != nil {
				return nil, err
			}
			m.Group = append(m.Group, int32(g))
		}
	}
	return b.Finish(m)
}

// expandTree appends the nodes of a tree for one margin, level by level. A leaf's
// number is its way down, the first step being the highest bit.
func (o *oblivious) expandTree(nodes []Node, t *obliviousTree, leaves, g int) []Node {
	for level, test := range o.tests[t.tests:t.end] {
		for range 1 << level {
			first := int32(2*len(nodes) + 1)
			nodes = append(nodes, o.slots[test.slot].node(unordered32(test.border), first))
		}
	}
	for leaf := range leaves {
		at := t.values/o.width + leaf
		nodes = append(nodes, Node{Value: o.values[t.values+leaf*o.width+g], Cover: o.covers[at]})
	}
	for i := leaves - 2; i >= 0; i-- {
		nodes[i].Cover = nodes[2*i+1].Cover + nodes[2*i+2].Cover
	}
	return nodes
}

func (s obliviousSlot) node(border float32, first int32) Node {
	return AboveFloat32(Node{Feature: s.feature, Left: first, Right: first + 1}, border, s.missing > 0)
}
