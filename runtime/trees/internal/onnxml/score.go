package onnxml

import (
	"fmt"
	"slices"
	"sync"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A scorer evaluates an ensemble. T is the type in which it compares and adds.
// It is safe for concurrent use.
type scorer[T float] struct {
	*ensemble
	forest *forest.Ensemble
	twigs  *twigs[T] // nil: the forest is faster
	base   []T       // what the ensemble's base is in T
	width  int       // margins of a row
	target []int32   // of each margin; nil: margins are values of trees
	scored []bool    // which targets of a classifier have a score for any row
	binary bool      // all weights are of one of two classes
	middle T         // of the scores of a binary classifier
	block  int       // rows that are scored together
	pool   sync.Pool // of *buffer[T]
}

type buffer[T float] struct{ margins, scores, rows []T }

// maxBlock and blockValues bound the margins that are held at a time.
const (
	maxBlock    = 256
	blockValues = 1 << 15
)

// newScorer plants the forest of e for rows of the given number of features; -1
// leaves it open. size is that of the file.
func newScorer[T float](e *ensemble, features, size int) (*scorer[T], error) {
	s := &scorer[T]{ensemble: e, middle: 0}
	for _, v := range e.base {
		s.base = append(s.base, T(v))
	}
	meta, err := s.arrange()
	if err != nil {
		return nil, err
	}
	if err := s.knowClasses(); err != nil {
		return nil, err
	}
	if meta.Features = features; features < 0 {
		meta.Features = e.features()
	}
	_, double := any(*new(T)).(float64)
	b := forest.NewBuilder(forest.Rules{Float32: !double, WholeCategory: true, Categories: maxCategory + 1}, size)
	for t := range e.trees() {
		if err := b.Add(e.nodes[e.starts[t]:e.starts[t+1]]); err != nil {
			return nil, err
		}
	}
	if s.forest, err = b.Finish(meta); err != nil {
		return nil, err
	}
	s.twigs = newTwigs[T](e)
	s.block = max(8, min(maxBlock, blockValues/s.width)&^7)
	s.pool.New = func() any {
		return &buffer[T]{margins: make([]T, s.block*s.width), scores: make([]T, 4*max(2, e.targets))}
	}
	s.nodes, s.weights, s.from = nil, nil, nil // they are where they are used
	return s, nil
}

// features is how many columns the trees look at, up to the last.
func (e *ensemble) features() int {
	n := 0
	for i := range e.nodes {
		if e.nodes[i].Split != forest.Leaf {
			n = max(n, int(e.nodes[i].Feature)+1)
		}
	}
	return n
}

// arrange chooses what the leaves hold and the forest adds up.
func (s *scorer[T]) arrange() (forest.Meta, error) {
	switch {
	case s.targets == 1 && (s.aggregate == sum || s.aggregate == average):
		return s.sumOne(), nil
	case s.targets == 1:
		return s.sumApart(), nil
	case s.aggregate == least || s.aggregate == greatest:
		return forest.Meta{}, fmt.Errorf("the least or greatest of several targets is asked for")
	}
	if group := s.groups(); group != nil {
		return s.sumGroups(group), nil
	}
	return s.sumVectors()
}

func (s *scorer[T]) meta(groups int) forest.Meta {
	s.width = groups
	return forest.Meta{Format: "ONNX", Booster: "TreeEnsemble", Base: make([]float64, groups)}
}

// sumOne is for one target, of which the first weight of a leaf counts.
func (s *scorer[T]) sumOne() forest.Meta {
	s.setValues()
	s.target = []int32{0}
	return s.meta(1)
}

func (s *scorer[T]) setValues() {
	for i := range s.nodes {
		if s.nodes[i].Split == forest.Leaf {
			s.nodes[i].Value = s.weights[s.from[i]].value
		}
	}
}

// sumApart leaves the values of the trees as they are, one a margin.
func (s *scorer[T]) sumApart() forest.Meta {
	s.setValues()
	m := s.meta(s.trees())
	for t := range s.trees() {
		m.Group = append(m.Group, int32(t))
	}
	return m
}

// groups is the target of each tree, if all leaves of a tree have one weight
// and are of the same target; else nil.
func (s *scorer[T]) groups() []int32 {
	group := make([]int32, s.trees())
	for t := range group {
		group[t] = -1
		for i := s.starts[t]; i < s.starts[t+1]; i++ {
			if s.nodes[i].Split != forest.Leaf {
				continue
			}
			if s.from[i+1] != s.from[i]+1 {
				return nil
			}
			target := s.weights[s.from[i]].target
			if group[t] >= 0 && group[t] != target {
				return nil
			}
			group[t] = target
		}
	}
	return group
}

// sumGroups has the forest add each tree to the margin of its target.
func (s *scorer[T]) sumGroups(group []int32) forest.Meta {
	s.setValues()
	s.target = slices.Clone(group)
	slices.Sort(s.target)
	s.target = slices.Compact(s.target)
	m := s.meta(len(s.target))
	if len(s.target) == 1 {
		return m
	}
	for _, g := range group {
		at, _ := slices.BinarySearch(s.target, g)
		m.Group = append(m.Group, int32(at))
	}
	return m
}

// sumVectors is for leaves that add to several targets: those that they do not
// name they add 0 to.
func (s *scorer[T]) sumVectors() (forest.Meta, error) {
	leaves := 0
	for i := range s.nodes {
		if s.nodes[i].Split == forest.Leaf {
			leaves++
		}
	}
	if leaves > (1<<16+8*len(s.weights))/s.targets {
		return forest.Meta{}, fmt.Errorf("%d leaves add to few of %d targets", leaves, s.targets)
	}
	all, last := make([]float64, leaves*s.targets), make([]int, s.targets)
	for i := range s.nodes {
		if s.nodes[i].Split != forest.Leaf {
			continue
		}
		vector := all[:s.targets:s.targets]
		all = all[s.targets:]
		s.nodes[i].Vector = vector
		for _, w := range s.weights[s.from[i]:s.from[i+1]] {
			if last[w.target] == i+1 {
				return forest.Meta{}, fmt.Errorf("a leaf adds twice to target %d", w.target)
			}
			last[w.target], vector[w.target] = i+1, w.value
		}
	}
	for t := range s.targets {
		s.target = append(s.target, int32(t))
	}
	return s.meta(s.targets), nil
}

// score writes the scores of n rows of stride values to dst, s.targets each,
// and the labels of a
// classifier to labels, unless that is nil.
func (s *scorer[T]) score(dst []float32, labels []int64, rows []T, n, stride int) error {
	buf := s.pool.Get().(*buffer[T])
	defer s.pool.Put(buf)
	if s.twigs != nil {
		s.scoreTwigs(buf, dst, labels, rows, n, stride)
		return nil
	}
	for at := 0; at < n; at += s.block {
		m := min(s.block, n-at)
		part := s.columns(buf, rows[at*stride:(at+m)*stride], m, stride)
		margins := buf.margins[:m*s.width]
		if err := forest.Predict(s.forest, margins, part, m, forest.Margin); err != nil {
			return err
		}
		for r := range m {
			s.gather(buf.scores, margins[r*s.width:(r+1)*s.width])
			s.finish(dst, labels, buf.scores, at+r)
		}
	}
	return nil
}

// scoreTwigs scores four rows at a time; those that are left over, with some
// twice.
func (s *scorer[T]) scoreTwigs(buf *buffer[T], dst []float32, labels []int64, rows []T, n, stride int) {
	var four [4][]T
	for at := 0; at < n; at += 4 {
		for r := range four {
			row := min(at+r, n-1)
			four[r] = rows[row*stride : (row+1)*stride]
		}
		s.twigs.score(buf.scores[:4*s.targets], &four, s.targets)
		for r := range min(4, n-at) {
			s.finish(dst, labels, buf.scores[r*s.targets:], at+r)
		}
	}
}

// finish makes of the scores of a row, which it may overwrite, what is answered.
func (s *scorer[T]) finish(dst []float32, labels []int64, scores []T, row int) {
	to := dst[row*s.targets : (row+1)*s.targets]
	if !s.classifier {
		s.regress(to, scores[:s.targets])
		return
	}
	label := s.classify(to, scores[:s.targets])
	if labels != nil {
		labels[row] = label
	}
}

// columns is the part of n rows that the forest looks at.
func (s *scorer[T]) columns(buf *buffer[T], rows []T, n, stride int) []T {
	width := s.forest.Info().Features
	if width == stride {
		return rows
	}
	buf.rows = buf.rows[:0]
	for r := range n {
		buf.rows = append(buf.rows, rows[r*stride:r*stride+width]...)
	}
	return buf.rows
}

// gather makes scores of the margins of a row.
func (s *scorer[T]) gather(scores, margins []T) {
	switch {
	case s.target == nil:
		scores[0] = extreme(margins, s.aggregate)
	case len(s.target) == s.targets:
		copy(scores, margins)
	default:
		clear(scores[:s.targets])
		for i, t := range s.target {
			scores[t] = margins[i]
		}
	}
}

func extreme[T float](values []T, how aggregate) T {
	v := values[0]
	for _, x := range values {
		if how == least && x < v || how == greatest && x > v {
			v = x
		}
	}
	return v
}
