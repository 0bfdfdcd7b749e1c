package forest

import (
	"fmt"
	"slices"
)

// Meta is what a model says besides its trees.
type Meta struct {
	Format, Booster, Objective string
	Features                   int
	FeatureNames               []string
	Base                       []float64 // the margins before the first tree: one a group, at least one
	Group                      []int32   // of each tree; nil: all add to the first
	Weight                     []float32 // of each tree; nil: 1
	Divisor                    float64   // of the margins of a response; 0: none
	Transform                  Transform
	Scale                      float64 // the k of Sigmoid
}

// LeafRange is the least and the greatest value of a leaf; 0 and 0 without one.
func (b *Builder) LeafRange() (least, greatest float64) {
	return b.stats.least, b.stats.greatest
}

// Finish returns the ensemble of the trees added. It keeps m's names.
//
// # Errors
//
// A tree that splits on a feature that a row does not have, adds to a group
// that does not exist, and lists of the wrong length.
func (b *Builder) Finish(m Meta) (*Ensemble, error) {
	if err := b.check(&m); err != nil {
		return nil, err
	}
	e := &Ensemble{transform: m.Transform, scale: m.Scale, divisor: m.Divisor}
	trees, nodes := len(b.roots), len(b.nodes)
	e.aside = b.aside.finish()
	b.sortSlots()
	b.pad()
	if b.rules.Float32 {
		e.single = newScorer(b, &m, layOutSingle(b, b.scale(&m)))
	} else {
		e.double = newScorer(b, &m, layOutDouble(b, b.scale(&m)))
	}
	e.info = Info{
		Format: m.Format, Booster: m.Booster, Objective: m.Objective,
		Features: m.Features, FeatureNames: m.FeatureNames, Groups: len(m.Base),
		Trees: trees, Nodes: nodes, Leaves: b.stats.leaves, Depth: b.stats.deepest,
		Categorical: b.stats.cats, Linear: b.linear != nil, Bytes: e.bytes(), Float64: !b.rules.Float32,
	}
	return e, nil
}

func (b *Builder) check(m *Meta) error {
	if h := b.stats.highest; h.feature >= m.Features {
		return fmt.Errorf("tree %d: node %d: feature %d is out of range (the model has %d features)",
			h.tree, h.node, h.feature, m.Features)
	}
	if n := len(m.FeatureNames); n != 0 && n != m.Features {
		return fmt.Errorf("%d feature names for %d features", n, m.Features)
	}
	if m.Group != nil && len(m.Group) != len(b.roots) {
		return fmt.Errorf("%d trees, but the groups of %d", len(b.roots), len(m.Group))
	}
	if m.Weight != nil && len(m.Weight) != len(b.roots) {
		return fmt.Errorf("%d trees, but the weights of %d", len(b.roots), len(m.Weight))
	}
	if m.Weight != nil && b.linear != nil {
		return fmt.Errorf("linear trees have no weights")
	}
	if err := b.vectors.check(len(m.Base)); err != nil {
		return err
	}
	for t, g := range m.Group {
		if g < 0 || int(g) >= len(m.Base) {
			return fmt.Errorf("tree %d: output %d is out of range (the model has %d)", t, g, len(m.Base))
		}
	}
	return nil
}

// pad makes the number of roots a multiple of eight, with a tree that adds 0.
func (b *Builder) pad() {
	if len(b.roots)%8 == 0 {
		return
	}
	nothing := uint32(len(b.nodes))
	b.nodes = append(b.nodes, packed{})
	for len(b.roots)%8 != 0 {
		b.roots = append(b.roots, nothing)
	}
}

// scale returns what the leaf at a place adds. It is asked in ascending order.
func (b *Builder) scale(m *Meta) func(at int, v float64) float64 {
	if m.Weight == nil || b.vectors != nil {
		return func(_ int, v float64) float64 { return v }
	}
	tree := 0
	return func(at int, v float64) float64 {
		for tree+1 < len(m.Weight) && uint32(at) >= b.roots[tree+1] {
			tree++
		}
		if !b.rules.Float32 {
			return v * float64(m.Weight[tree])
		}
		return float64(float32(v) * m.Weight[tree])
	}
}

func layOutSingle(b *Builder, scale func(int, float64) float64) walker[float32] {
	if b.stats.cats || b.stats.longest > maxSingleStep || len(b.slots.slots) > maxSingleSlots {
		return layOutCats[float32](b, scale)
	}
	return newSingle(b.nodes, scale)
}

func layOutDouble(b *Builder, scale func(int, float64) float64) walker[float64] {
	if b.stats.cats || b.stats.longest > maxDoubleStep || len(b.slots.slots) > maxDoubleSlots {
		return layOutCats[float64](b, scale)
	}
	return newDouble(b.nodes, scale)
}

func layOutCats[T float](b *Builder, scale func(int, float64) float64) walker[T] {
	if b.fitsWords() {
		return newWords[T](b.nodes, b.sets.words, scale)
	}
	return newMixed[T](b.nodes, b.sets.words, scale)
}

// fitsWords says whether categorical splits, if any, fit the layout words.
func (b *Builder) fitsWords() bool {
	return b.sets.highest < maxWordCats && b.stats.longest <= maxWordStep && len(b.slots.slots) <= maxWordSlots
}

func newScorer[T float](b *Builder, m *Meta, walk walker[T]) *scorer[T] {
	_, narrow := any(walk).(single)
	s := &scorer[T]{
		filler: newFiller(b.rules, &b.slots, b.fitsWords(), narrow),
		walk:   walk,
		roots:  slices.Clip(b.roots),
		depth:  slices.Clip(b.depth),
		linear: b.linear,
		trees:  len(b.depth),

		vectors: finishVectors[T](b.vectors, m.Weight),
	}
	for _, v := range m.Base {
		s.base = append(s.base, T(v))
	}
	if len(m.Base) > 1 {
		s.group = make([]uint32, len(b.roots))
		for t, g := range m.Group {
			s.group[t] = uint32(g)
		}
	}
	s.init()
	return s
}

func (e *Ensemble) bytes() int {
	names := 0
	for _, n := range e.info.FeatureNames {
		names += 16 + len(n)
	}
	switch {
	case e.single != nil:
		return names + e.single.bytes()
	case e.double != nil:
		return names + e.double.bytes()
	case e.oblivious != nil:
		return names + e.oblivious.bytes()
	}
	return names + e.linear.bytes()
}
