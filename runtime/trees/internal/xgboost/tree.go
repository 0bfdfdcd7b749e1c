package xgboost

import (
	"fmt"
	"strconv"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

const (
	noChild  = -1
	splitCat = 1
)

// A treeReader reads one tree after another into the same memory.
type treeReader struct {
	d       document
	members []member

	left, right, feature, defaultLeft, splitType []int32
	condition, leafWeights, baseWeights          []float32
	leafSize, nodeCount                          string

	cats, catNodes, catFrom, catSize []int32
	cover                            []float32

	nodes  []forest.Node
	listed []uint32  // of all categorical nodes
	vector []float64 // of all vector leaves
}

// newTreeReader returns a reader that reads base_weights only if told so: few
// files need it, and it is long.
func newTreeReader(d document, baseWeights bool) *treeReader {
	t := &treeReader{d: d}
	t.members = []member{
		ints(d, "left_children", &t.left),
		ints(d, "right_children", &t.right),
		ints(d, "split_indices", &t.feature),
		floats(d, "split_conditions", &t.condition),
		floats(d, "sum_hessian", &t.cover),
		floats(d, "leaf_weights", &t.leafWeights),
		ints(d, "default_left", &t.defaultLeft),
		ints(d, "split_type", &t.splitType),
		ints(d, "categories", &t.cats),
		ints(d, "categories_nodes", &t.catNodes),
		ints(d, "categories_segments", &t.catFrom),
		ints(d, "categories_sizes", &t.catSize),
		object(d, "tree_param", text(d, "size_leaf_vector", &t.leafSize), text(d, "num_nodes", &t.nodeCount)),
	}
	if baseWeights {
		t.members = append(t.members, floats(d, "base_weights", &t.baseWeights))
	}
	return t
}

// read returns the nodes of the next tree, valid until the next call.
func (t *treeReader) read() ([]forest.Node, error) {
	t.reset()
	if err := readObject(t.d, t.members); err != nil {
		return nil, err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	size, err := t.vectorSize()
	if err != nil {
		return nil, err
	}
	t.nodes = t.nodes[:0]
	for i := range t.left {
		n, err := t.node(i)
		if err != nil {
			return nil, fmt.Errorf("node %d: %w", i, err)
		}
		t.nodes = append(t.nodes, n)
	}
	if err := t.addVectors(size); err != nil {
		return nil, err
	}
	return t.nodes, t.addCategories()
}

// reset empties what a tree need not have.
func (t *treeReader) reset() {
	t.cover = t.cover[:0]
	for _, list := range []*[]int32{
		&t.left, &t.right, &t.feature, &t.defaultLeft, &t.splitType, &t.cats, &t.catNodes, &t.catFrom, &t.catSize,
	} {
		*list = (*list)[:0]
	}
	t.condition, t.leafWeights, t.baseWeights = t.condition[:0], t.leafWeights[:0], t.baseWeights[:0]
	t.leafSize, t.nodeCount = "", ""
}

func (t *treeReader) check() error {
	n := len(t.left)
	if count, err := strconv.Atoi(t.nodeCount); t.nodeCount != "" && (err != nil || count != n) {
		return fmt.Errorf("left_children has %d values, but num_nodes is %q", n, t.nodeCount)
	}
	for _, list := range []struct {
		name string
		size int
		must bool
	}{
		{"right_children", len(t.right), true},
		{"split_indices", len(t.feature), true},
		{"split_conditions", len(t.condition), true},
		{"default_left", len(t.defaultLeft), true},
		{"split_type", len(t.splitType), false},
		{"sum_hessian", len(t.cover), false},
	} {
		if list.size != n && (list.must || list.size != 0) {
			return fmt.Errorf("%s has %d values, but the tree has %d nodes", list.name, list.size, n)
		}
	}
	return t.checkCategories()
}

func (t *treeReader) checkCategories() error {
	if len(t.catFrom) != len(t.catNodes) || len(t.catSize) != len(t.catNodes) {
		return fmt.Errorf("categories_nodes, categories_segments and categories_sizes have %d, %d and %d values",
			len(t.catNodes), len(t.catFrom), len(t.catSize))
	}
	for _, c := range t.cats {
		if c < 0 {
			return fmt.Errorf("category %d is negative", c)
		}
	}
	return nil
}

// node is node i, without the categories that it may list.
func (t *treeReader) node(i int) (forest.Node, error) {
	n := forest.Node{Value: float64(t.condition[i])}
	if len(t.cover) > 0 {
		n.Cover = t.cover[i]
	}
	if t.left[i] == noChild {
		return n, nil
	}
	if t.feature[i] < 0 {
		return n, fmt.Errorf("feature %d is negative", t.feature[i])
	}
	n.Left, n.Right, n.Feature = t.left[i], t.right[i], uint32(t.feature[i])
	n.Split, n.Missing = forest.Less, forest.NaNRight
	if len(t.splitType) > 0 && t.splitType[i] == splitCat {
		n.Split = forest.ListedRight
	} else if len(t.splitType) > 0 && t.splitType[i] != 0 {
		return n, fmt.Errorf("split type %d is not known", t.splitType[i])
	}
	if t.defaultLeft[i] != 0 {
		n.Missing = forest.NaNLeft
	}
	return n, nil
}

// addCategories gives the categorical nodes their lists, which must not overlap:
// together they are no longer than the file.
func (t *treeReader) addCategories() error {
	total := 0
	for i, id := range t.catNodes {
		from, size := t.catFrom[i], t.catSize[i]
		if id < 0 || int(id) >= len(t.nodes) {
			return fmt.Errorf("categories_nodes: node %d is out of range (the tree has %d nodes)", id, len(t.nodes))
		}
		if from < 0 || size < 0 || int(from)+int(size) > len(t.cats) {
			return fmt.Errorf("node %d: categories %d to %d are out of range (the tree has %d)",
				id, from, int(from)+int(size), len(t.cats))
		}
		if total += int(size); total > len(t.cats) {
			return fmt.Errorf("node %d: its categories overlap those of another node", id)
		}
	}
	return t.list()
}

func (t *treeReader) list() error {
	t.listed = t.listed[:0]
	for _, c := range t.cats {
		t.listed = append(t.listed, uint32(c))
	}
	for i, id := range t.catNodes {
		from, size := t.catFrom[i], t.catSize[i]
		t.nodes[id].Cats = t.listed[from : from+size]
	}
	for id := range t.nodes {
		if n := &t.nodes[id]; n.Split == forest.ListedRight && n.Cats == nil {
			return fmt.Errorf("node %d: a categorical split without categories", id)
		}
	}
	return nil
}
