package onnxml

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A table is the attributes of TreeEnsemble (ai.onnx.ml 5): a list of splits
// and one of leaves, each of which all trees share.
type table struct {
	roots, yes, no, yesLeaf, noLeaf, feature, missing []int64
	modes                                             []int64
	splits, leafValues, members                       []float64
	leafTarget                                        []int64
	sets                                              [][]uint32 // of each split
	used                                              []bool     // splits that a tree has
}

var tableAttributes = []string{
	"aggregate_function", "leaf_targetids", "leaf_weights", "membership_values", "n_targets", "nodes_falseleafs",
	"nodes_falsenodeids", "nodes_featureids", "nodes_hitrates", "nodes_missing_value_tracks_true", "nodes_modes",
	"nodes_splits", "nodes_trueleafs", "nodes_truenodeids", "post_transform", "tree_roots",
}

func readV5(a attributes) (*ensemble, error) {
	if err := a.only(tableAttributes...); err != nil {
		return nil, err
	}
	e := &ensemble{}
	t, err := readTable(a, &e.double)
	if err != nil {
		return nil, err
	}
	how := [3]int64{}
	for i, name := range []string{"n_targets", "aggregate_function", "post_transform"} {
		if how[i], err = a.whole(name, int64(i%2)); err != nil {
			return nil, err
		}
	}
	if how[1] < 0 || how[1] > int64(greatest) || how[2] != 0 {
		return nil, fmt.Errorf("aggregate function %d with post transform %d is not known", how[1], how[2])
	}
	e.targets, e.aggregate = int(how[0]), aggregate(how[1])
	for i, root := range t.roots {
		if err := e.plantV5(t, root); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i, err)
		}
	}
	e.starts, e.from = append(e.starts, len(e.nodes)), append(e.from, len(e.weights))
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

func readTable(a attributes, double *bool) (*table, error) {
	t := &table{}
	for name, list := range map[string]*[]int64{
		"tree_roots": &t.roots, "nodes_truenodeids": &t.yes, "nodes_falsenodeids": &t.no,
		"nodes_trueleafs": &t.yesLeaf, "nodes_falseleafs": &t.noLeaf, "nodes_featureids": &t.feature,
		"nodes_missing_value_tracks_true": &t.missing, "leaf_targetids": &t.leafTarget,
	} {
		var err error
		if *list, err = a.ints(name); err != nil {
			return nil, err
		}
	}
	for name, list := range map[string]*[]float64{
		"nodes_splits": &t.splits, "leaf_weights": &t.leafValues, "membership_values": &t.members,
	} {
		var err error
		var isDouble bool
		if *list, isDouble, err = a.doubles(name); err != nil {
			return nil, err
		}
		*double = *double || isDouble
	}
	modes, _, err := a.tensor("nodes_modes")
	if err != nil {
		return nil, err
	}
	t.modes = modes.i64
	if err := t.check(); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *table) check() error {
	n := len(t.yes)
	for _, size := range []int{len(t.no), len(t.yesLeaf), len(t.noLeaf), len(t.feature), len(t.modes), len(t.splits)} {
		if size != n {
			return fmt.Errorf("lists of nodes have %d and %d entries", n, size)
		}
	}
	if len(t.missing) != 0 && len(t.missing) != n || len(t.leafTarget) != len(t.leafValues) {
		return fmt.Errorf("lists are of different lengths")
	}
	t.used = make([]bool, n)
	return t.readSets()
}

// readSets takes the members of the sets, which a NaN ends each.
func (t *table) readSets() error {
	t.sets = make([][]uint32, len(t.modes))
	rest := t.members
	for i, m := range t.modes {
		if mode(m) != modeMember {
			continue
		}
		for len(rest) > 0 && rest[0] == rest[0] {
			if v := rest[0]; v < 0 || v > maxCategory || v != math.Trunc(v) {
				return fmt.Errorf("a set has the member %v", v)
			}
			t.sets[i] = append(t.sets[i], uint32(rest[0]))
			rest = rest[1:]
		}
		if len(t.sets[i]) == 0 {
			return fmt.Errorf("a set has no members")
		}
		rest = rest[min(1, len(rest)):]
	}
	return nil
}

// A shoot is a node that is still to be made, and which child of which node of
// the tree it is.
type shoot struct {
	id     int64
	leaf   bool
	parent int32
	left   bool
}

// plantV5 makes a tree of the splits below a root.
func (e *ensemble) plantV5(t *table, root int64) error {
	if root < 0 || int(root) >= len(t.yes) {
		return fmt.Errorf("split %d is not there", root)
	}
	start := len(e.nodes)
	e.starts = append(e.starts, start)
	single := t.yes[root] == t.no[root] && t.yesLeaf[root] != 0 && t.noLeaf[root] != 0
	first := shoot{id: root, parent: -1}
	if single {
		first.id, first.leaf = t.yes[root], true
	}
	for stack := []shoot{first}; len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		at := int32(len(e.nodes) - start)
		if s.parent >= 0 && s.left {
			e.nodes[start+int(s.parent)].Left = at
		} else if s.parent >= 0 {
			e.nodes[start+int(s.parent)].Right = at
		}
		children, err := e.grow(t, s, at)
		if err != nil {
			return err
		}
		stack = append(stack, children...)
	}
	return nil
}

// grow appends one node and returns its children.
func (e *ensemble) grow(t *table, s shoot, at int32) ([]shoot, error) {
	e.from = append(e.from, len(e.weights))
	if s.leaf {
		if s.id < 0 || int(s.id) >= len(t.leafValues) || t.leafTarget[s.id] < 0 || t.leafTarget[s.id] > math.MaxInt32 {
			return nil, fmt.Errorf("leaf %d is not there", s.id)
		}
		e.nodes = append(e.nodes, forest.Node{})
		e.weights = append(e.weights, weight{int32(t.leafTarget[s.id]), t.leafValues[s.id]})
		return nil, nil
	}
	if s.id < 0 || int(s.id) >= len(t.yes) || t.used[s.id] {
		return nil, fmt.Errorf("split %d is not there, or there twice", s.id)
	}
	t.used[s.id] = true
	n, err := t.node(s.id)
	if err != nil {
		return nil, err
	}
	e.nodes = append(e.nodes, n)
	// split has put the children that were called 0 and 1 where they belong.
	yes := shoot{id: t.yes[s.id], leaf: t.yesLeaf[s.id] != 0, parent: at, left: n.Left == 0}
	no := shoot{id: t.no[s.id], leaf: t.noLeaf[s.id] != 0, parent: at, left: n.Left == 1}
	return []shoot{no, yes}, nil
}

func (t *table) node(i int64) (forest.Node, error) {
	if t.feature[i] < 0 || t.feature[i] > math.MaxInt32 || t.modes[i] < 0 || t.modes[i] > int64(modeMember) {
		return forest.Node{}, fmt.Errorf("split %d has feature %d and mode %d", i, t.feature[i], t.modes[i])
	}
	m, value := mode(t.modes[i]), t.splits[i]
	if m == modeMember {
		m, value = modeEQ, 0
	}
	n, err := split(m, value, 0, 1, len(t.missing) > 0 && t.missing[i] == 1)
	n.Feature = uint32(t.feature[i])
	if mode(t.modes[i]) == modeMember {
		n.Cats = t.sets[i]
	}
	return n, err
}
