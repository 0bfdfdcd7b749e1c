package forest

import (
	"fmt"
	"math"
	"reflect"
)

// vectors are the leaves of a forest of which each adds to every margin, as
// those of trees with several targets do. Nodes then hold the number of a leaf
// for its value; leaf 0 adds nothing.
type vectors[T float] struct {
	width  int // values a leaf: the margins of a row
	values []T // leaf by leaf
}

const (
	// maxVectors is how many leaves a float32 can number.
	maxVectors = 1 << 24
	// maxVectorValues keeps the places of values in an int32.
	maxVectorValues = math.MaxInt32
)

// vectorLeaves collects them while trees are added.
type vectorLeaves struct {
	width  int
	values []float64
	first  []int // the number of the first leaf of each tree
}

// Vectors says whether the leaves of the trees added are vectors.
func (b *Builder) Vectors() bool { return b.vectors != nil }

// Width is how many margins a leaf of the trees added adds to.
func (b *Builder) Width() int {
	if b.vectors == nil {
		return 1
	}
	return b.vectors.width
}

// addVector returns the number of a leaf.
func (b *Builder) addVector(n *Node) (float64, error) {
	if b.vectors == nil {
		if b.stats.leaves > 0 {
			return 0, fmt.Errorf("a leaf of %d values among others of one", len(n.Vector))
		}
		b.vectors = &vectorLeaves{width: len(n.Vector), values: make([]float64, len(n.Vector))}
	}
	v := b.vectors
	if len(n.Vector) != v.width {
		return 0, fmt.Errorf("a leaf of %d values among others of %d", len(n.Vector), v.width)
	}
	number := len(v.values) / v.width
	if number >= maxVectors || len(v.values)+v.width >= maxVectorValues {
		return 0, fmt.Errorf("the model has more than %d leaves, or %d values", maxVectors, maxVectorValues)
	}
	for len(v.first) <= len(b.roots) {
		v.first = append(v.first, number)
	}
	v.values = append(v.values, n.Vector...)
	return float64(number), nil
}

// finishVectors returns the leaves as a scorer holds them, of trees with weights.
func finishVectors[T float](v *vectorLeaves, weights []float32) *vectors[T] {
	if v == nil {
		return nil
	}
	out := &vectors[T]{width: v.width, values: make([]T, len(v.values))}
	tree := 0
	for i, value := range v.values {
		out.values[i] = T(value)
		for tree+1 < len(v.first) && i/v.width >= v.first[tree+1] {
			tree++
		}
		if weights != nil {
			out.values[i] *= T(weights[tree])
		}
	}
	return out
}

func (v *vectorLeaves) check(margins int) error {
	if v != nil && v.width != margins {
		return fmt.Errorf("leaves of %d values for %d outputs", v.width, margins)
	}
	return nil
}

// add adds eight leaves, whose numbers are given, to the margins of a row.
func (v *vectors[T]) add(margins []T, numbers *[8]T) {
	margins = margins[:v.width]
	for _, number := range numbers {
		at := int(number) * v.width
		for g, value := range v.values[at : at+v.width] {
			margins[g] += value
		}
	}
}

// addRows adds a leaf each to the margins of rows, no more than a block, of which
// sums holds the first of all, then the second of all and so on.
func (v *vectors[T]) addRows(sums, numbers []T) {
	var places [maxBlock]int32
	at := places[:len(numbers)]
	for r, number := range numbers {
		at[r] = int32(number) * int32(v.width)
	}
	for g := range v.width {
		values, to := v.values[g:], sums[g*len(at):][:len(at)]
		for r := range to {
			to[r] += values[at[r]]
		}
	}
}

func (v *vectors[T]) bytes() int {
	if v == nil {
		return 0
	}
	return cap(v.values) * int(reflect.TypeFor[T]().Size())
}
