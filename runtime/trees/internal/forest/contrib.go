package forest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/leat-ml/leat/runtime/trees/internal/shap"
)

// Offers says why the model does not have an output; nil if it has.
func (e *Ensemble) Offers(out Output) error {
	switch {
	case out == LeafIndex && e.linear != nil:
		return fmt.Errorf("a %s model has no leaves", e.info.Booster)
	case out != Contrib || e.linear != nil:
		return nil
	case e.oblivious != nil:
		return e.oblivious.explains()
	case e.info.Linear:
		return errors.New("contributions are not defined for linear trees")
	case e.aside.lack != nil:
		return fmt.Errorf("no contributions can be computed: %w", e.aside.lack)
	}
	return nil
}

func predictContribs[D, S float](e *Ensemble, dst []D, rows []S, n int) error {
	if err := e.Offers(Contrib); err != nil {
		return err
	}
	switch {
	case e.single != nil:
		contribs(e, e.single, dst, rows, n)
	case e.double != nil:
		contribs(e, e.double, dst, rows, n)
	case e.oblivious != nil:
		forest, err := e.oblivious.nodes(e.info.Features)
		if err != nil {
			return err
		}
		return predictContribs(forest, dst, rows, n)
	default:
		linearContribs(e, dst, rows, n)
	}
	return nil
}

// An explainer is what contributions need beside the packed nodes. It is made
// when they are first asked for.
type explainer struct {
	once   sync.Once
	trees  []explainedTree
	base   []float64 // the margin that is expected, of each group
	splits int       // of the tree that has the most
	pool   sync.Pool // of *explanation
}

// An explainedTree adds to one group; one with vector leaves is as many as there
// are groups.
type explainedTree struct {
	tree  *shap.Tree
	root  uint32
	group int
}

// explanation is the memory of those that are made together.
type explanation struct {
	keys   []int64
	right  []uint8
	values []float64
	walk   shap.Walk
}

// ExplainBytes is the memory held by what leaf indexes and contributions need,
// most of it from the first time on that one asks for them.
func (e *Ensemble) ExplainBytes() int {
	n := int(e.made.Load())
	if e.aside != nil {
		n += e.aside.bytes()
	}
	return n
}

// maxExplained is how many rows are explained together, a tree at a time.
const maxExplained = 16

// maxExplainedValues bounds their values, so that they stay in cache.
const maxExplainedValues = 1 << 14

// maxKeptValues bounds what is kept between explanations.
const maxKeptValues = 1 << 20

func (x *explainer) release(w *explanation) {
	if len(w.values) > maxKeptValues {
		w.values = nil
	}
	x.pool.Put(w)
}

func newExplainer[T float](e *Ensemble, s *scorer[T]) {
	x := &e.explainer
	for _, base := range s.base {
		x.base = append(x.base, float64(base))
	}
	var nodes []shap.Node
	for t, root := range s.roots[:s.trees] {
		end := uint32(e.info.Nodes)
		if t+1 < s.trees {
			end = s.roots[t+1]
		}
		from, to := s.groupsOf(t)
		for g := from; g < to; g++ {
			nodes = nodes[:0]
			for at := root; at < end; at++ {
				nodes = append(nodes, explained(e, s, root, at, g))
			}
			tree := shap.NewTree(nodes)
			x.trees = append(x.trees, explainedTree{tree, root, g})
			e.made.Add(int64(tree.Bytes()))
			x.base[g] += tree.Expected()
			x.splits = max(x.splits, len(tree.Splits()))
		}
	}
	x.pool.New = func() any { return &explanation{right: make([]uint8, x.splits)} }
}

// explained is the node at a place, as group g sees it.
func explained[T float](e *Ensemble, s *scorer[T], root, at uint32, g int) shap.Node {
	slot, step, value := s.walk.node(int(at))
	n := shap.Node{Cover: e.aside.covers[at], Feature: s.slots[slot].feature, Value: float64(value)}
	switch {
	case step != 0:
		n.First = at - root + step
	case s.vectors != nil:
		n.Value = float64(s.vectors.values[int(value)*s.vectors.width+g])
	}
	return n
}

// groupsOf is which margins tree t adds to: from the first up to the second.
func (s *scorer[T]) groupsOf(t int) (from, to int) {
	switch {
	case s.vectors != nil:
		return 0, s.vectors.width
	case s.group == nil:
		return 0, 1
	}
	return int(s.group[t]), int(s.group[t]) + 1
}

func contribs[T, D, S float](e *Ensemble, s *scorer[T], dst []D, rows []S, n int) {
	x, width := &e.explainer, e.Width(Contrib)
	x.once.Do(func() { newExplainer(e, s) })
	w := x.pool.Get().(*explanation)
	defer x.release(w)
	block := max(1, min(n, maxExplained, maxExplainedValues/width))
	if need := block * len(s.slots); len(w.keys) < need {
		w.keys = make([]int64, need)
	}
	if need := block * width; len(w.values) < need {
		w.values = make([]float64, need)
	}
	for n > 0 {
		block = min(block, n)
		features := e.info.Features
		explain(x, s, w, rows[:block*features], features, block)
		for i, v := range w.values[:block*width] {
			dst[i] = D(v)
		}
		dst, rows, n = dst[block*width:], rows[block*features:], n-block
	}
}

// explain leaves the contributions of n rows in w.values.
func explain[T, S float](x *explainer, s *scorer[T], w *explanation, rows []S, features, n int) {
	slots, groups := len(s.slots), len(x.base)
	for r := range n {
		fill(&s.filler, w.keys[r*slots:], rows[r*features:(r+1)*features])
		values := w.values[r*groups*(features+1):]
		clear(values[:groups*(features+1)])
		for g, base := range x.base {
			values[g*(features+1)+features] = base
		}
	}
	for _, t := range x.trees {
		splits := t.tree.Splits()
		for r := range n {
			s.walk.tests(w.right, w.keys[r*slots:(r+1)*slots], t.root, splits)
			t.tree.Explain(w.values[(r*groups+t.group)*(features+1):], w.right, &w.walk)
		}
	}
}

// linearContribs writes the products of values and weights, in float32 as
// XGBoost does.
func linearContribs[D, S float](e *Ensemble, dst []D, rows []S, n int) {
	l, features, groups := e.linear, e.info.Features, e.info.Groups
	for r := range n {
		row, out := rows[r*features:(r+1)*features], dst[r*e.Width(Contrib):]
		for g := range groups {
			to := out[g*(features+1) : (g+1)*(features+1)]
			for f, x := range row {
				to[f] = 0
				if v := float32(x); v == v {
					to[f] = D(v * l.weights[f*groups+g])
				}
			}
			to[features] = D(l.start[g])
		}
	}
}
