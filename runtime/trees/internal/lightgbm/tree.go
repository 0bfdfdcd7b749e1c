package lightgbm

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A decision_type has the kind of the split in bit 0, the default direction in
// bit 1 and the treatment of missing values in bits 2 and 3.
const (
	categorical  = 1 << 0
	defaultLeft  = 1 << 1
	missingShift = 2
	missingMask  = 3
	knownBits    = 1<<4 - 1
)

const (
	missingNone = iota
	missingZero
	missingNaN
)

// A treeReader reads one tree after another into the same memory.
type treeReader struct {
	set set

	leaves, cats, linear           int
	feature, decision, left, right []int32
	threshold, value               []float64
	catFrom                        []int32
	catWords                       []uint32
	constant, coefficient          []float64 // of linear leaves
	terms, termFeature             []int32   // how many a leaf has, and of all

	nodes  []forest.Node
	listed []uint32 // of all categorical nodes

	splitCount, leafCount []int32 // rows in training
}

func newTreeReader() *treeReader {
	t := &treeReader{}
	t.set.fields = []field{
		number("num_leaves", &t.leaves),
		number("num_cat", &t.cats),
		ints("split_feature", &t.feature),
		floats("threshold", &t.threshold),
		ints("decision_type", &t.decision),
		ints("left_child", &t.left),
		ints("right_child", &t.right),
		floats("leaf_value", &t.value),
		ints("cat_boundaries", &t.catFrom),
		words("cat_threshold", &t.catWords),
		number("is_linear", &t.linear),
		floats("leaf_const", &t.constant),
		ints("num_features", &t.terms),
		ints("leaf_features", &t.termFeature),
		floats("leaf_coeff", &t.coefficient),
		ints("internal_count", &t.splitCount),
		ints("leaf_count", &t.leafCount),
	}
	return t
}

// reset forgets the last tree.
func (t *treeReader) reset() {
	t.set.seen = 0
	t.leaves, t.cats, t.linear = 0, 0, 0
	for _, list := range []*[]int32{
		&t.feature, &t.decision, &t.left, &t.right, &t.catFrom, &t.terms, &t.termFeature,
		&t.splitCount, &t.leafCount,
	} {
		*list = (*list)[:0]
	}
	t.threshold, t.value, t.catWords = t.threshold[:0], t.value[:0], t.catWords[:0]
	t.constant, t.coefficient = t.constant[:0], t.coefficient[:0]
}

// tree returns the nodes of the tree whose lines have been taken, valid until
// the next one. Split i is node i; leaf i follows the splits.
func (t *treeReader) tree() ([]forest.Node, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	t.nodes, t.listed = t.nodes[:0], t.listed[:0]
	for i := range t.leaves - 1 {
		n, err := t.split(i)
		if err != nil {
			return nil, fmt.Errorf("split %d: %w", i, err)
		}
		t.nodes = append(t.nodes, n)
	}
	for _, v := range t.value {
		t.nodes = append(t.nodes, forest.Node{Value: v})
	}
	t.cover()
	if t.linear != 0 {
		return t.nodes, t.addLinear(t.nodes[t.leaves-1:])
	}
	return t.nodes, nil
}

func (t *treeReader) check() error {
	if t.leaves < 1 {
		return fmt.Errorf("num_leaves is %d", t.leaves)
	}
	if len(t.value) != t.leaves {
		return fmt.Errorf("leaf_value has %d values, but num_leaves is %d", len(t.value), t.leaves)
	}
	for _, list := range []struct {
		name string
		size int
	}{
		{"split_feature", len(t.feature)},
		{"threshold", len(t.threshold)},
		{"decision_type", len(t.decision)},
		{"left_child", len(t.left)},
		{"right_child", len(t.right)},
	} {
		if list.size != t.leaves-1 && t.leaves > 1 {
			return fmt.Errorf("%s has %d values, but num_leaves is %d", list.name, list.size, t.leaves)
		}
	}
	return t.checkCategories()
}

func (t *treeReader) checkCategories() error {
	if t.cats == 0 {
		return nil
	}
	if t.cats < 0 || len(t.catFrom) != t.cats+1 {
		return fmt.Errorf("cat_boundaries has %d values, but num_cat is %d", len(t.catFrom), t.cats)
	}
	last := int32(0)
	for i, from := range t.catFrom {
		if from < last || int(from) > len(t.catWords) {
			return fmt.Errorf("cat_boundaries: element %d: %d is out of order or range (cat_threshold has %d)",
				i, from, len(t.catWords))
		}
		last = from
	}
	return nil
}

func (t *treeReader) split(i int) (n forest.Node, err error) {
	if n.Left, err = t.child("left", t.left[i]); err != nil {
		return n, err
	}
	if n.Right, err = t.child("right", t.right[i]); err != nil {
		return n, err
	}
	if t.feature[i] < 0 {
		return n, fmt.Errorf("feature %d is negative", t.feature[i])
	}
	n.Feature = uint32(t.feature[i])
	decision := t.decision[i]
	if decision&^knownBits != 0 {
		return n, fmt.Errorf("decision type %d is not known", decision)
	}
	if decision&categorical != 0 {
		return t.catSplit(n, i)
	}
	n.Split, n.Value = forest.AtMost, t.threshold[i]
	n.Missing, err = missing(decision)
	return n, err
}

// child is the node of a child: ~i stands for leaf i.
func (t *treeReader) child(side string, c int32) (int32, error) {
	splits := int32(t.leaves - 1)
	if c >= 0 && c < splits {
		return c, nil
	}
	if leaf := ^c; c < 0 && leaf < int32(t.leaves) {
		return splits + leaf, nil
	}
	return 0, fmt.Errorf("%s child %d is out of range (the tree has %d leaves)", side, c, t.leaves)
}

func missing(decision int32) (forest.Missing, error) {
	left := decision&defaultLeft != 0
	switch decision >> missingShift & missingMask {
	case missingNone:
		return forest.NaNZero, nil
	case missingZero:
		return pick(left, forest.ZeroLeft, forest.ZeroRight), nil
	case missingNaN:
		return pick(left, forest.NaNLeft, forest.NaNRight), nil
	}
	return 0, fmt.Errorf("decision type %d has no known treatment of missing values", decision)
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// catSplit completes a categorical split, whose threshold is the number of its
// set. Missing values go right, like all that is not listed.
func (t *treeReader) catSplit(n forest.Node, i int) (forest.Node, error) {
	k := t.threshold[i]
	if !(k >= 0 && k < float64(t.cats)) || k != math.Trunc(k) {
		return n, fmt.Errorf("set of categories %v is out of range (num_cat is %d)", k, t.cats)
	}
	from := len(t.listed)
	for w, word := range t.catWords[t.catFrom[int(k)]:t.catFrom[int(k)+1]] {
		for ; word != 0; word &= word - 1 {
			t.listed = append(t.listed, uint32(32*w+bits.TrailingZeros32(word)))
		}
	}
	n.Split, n.Missing, n.Cats = forest.ListedLeft, forest.NaNRight, t.listed[from:]
	return n, nil
}
