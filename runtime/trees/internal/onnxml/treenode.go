package onnxml

import (
	"fmt"
	"strconv"
)

// classes are the labels of a classifier or a ZipMap, as text.
func (a attributes) classes() (list []string, err error) {
	names, err := a.strings("classlabels_strings")
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		list = append(list, string(n))
	}
	labels, err := a.ints("classlabels_int64s")
	for _, l := range labels {
		list = append(list, strconv.FormatInt(l, 10))
	}
	return list, err
}

// makeTrees makes a TreeEnsemble operator of any version.
func makeTrees(c *compiler, n *node, in []*info) (operator, []info, error) {
	e, err := readTrees(n)
	if err != nil {
		return nil, nil, err
	}
	outputs := 1
	if e.classifier {
		outputs = 2
	}
	if len(in) != 1 || len(in[0].shape) != 2 || len(n.outputs) != outputs {
		return nil, nil, fmt.Errorf("it has %d inputs and %d outputs", len(in), len(n.outputs))
	}
	features := in[0].width()
	if needs := e.features(); features >= 0 && needs > features {
		return nil, nil, fmt.Errorf("it looks at %d columns of %d", needs, features)
	}
	out := e.outputs(in[0].shape[0])
	c.ensembles++
	c.trees += e.trees()
	switch in[0].kind {
	case double64:
		if n.op == "TreeEnsemble" {
			return nil, nil, fmt.Errorf("it answers doubles")
		}
		s, err := newScorer[float64](e, features, c.size)
		return &trees[float64]{scorer: s, numbers: (*tensor).doubles}, out, err
	case single, int64s, int32s:
		if e.double {
			return nil, nil, fmt.Errorf("its numbers are doubles, but its input is not")
		}
		s, err := newScorer[float32](e, features, c.size)
		return &trees[float32]{scorer: s, numbers: (*tensor).floats}, out, err
	}
	return nil, nil, fmt.Errorf("its input has elements of type %d", in[0].kind)
}

func readTrees(n *node) (*ensemble, error) {
	switch n.op {
	case "TreeEnsembleRegressor":
		return readV3(n.attributes, false)
	case "TreeEnsembleClassifier":
		return readV3(n.attributes, true)
	}
	return readV5(n.attributes)
}

// outputs are what the operator answers for a number of rows.
func (e *ensemble) outputs(rows int) []info {
	scores := info{kind: single, shape: []int{rows, e.targets}}
	if !e.classifier {
		return []info{scores}
	}
	label := info{kind: int64s, shape: []int{rows}}
	if e.names != nil {
		label.kind = text
	}
	return []info{label, scores}
}

// trees is the operator.
type trees[T float] struct {
	*scorer[T]
	numbers func(*tensor) []T // of the input
	quiet   bool              // nobody looks at the labels
}

// unused says that nobody looks at an output.
func (t *trees[T]) unused(output int) { t.quiet = t.quiet || t.classifier && output == 0 }

func (t *trees[T]) run(in, out []*tensor) error {
	n, stride := in[0].shape[0], in[0].shape[1]
	if stride < t.forest.Info().Features {
		return fmt.Errorf("rows have %d values, but %d are looked at", stride, t.forest.Info().Features)
	}
	scores := out[len(out)-1]
	scores.kind, scores.shape = single, []int{n, t.targets}
	scores.f32 = make([]float32, n*t.targets)
	var labels []int64
	if t.classifier && !t.quiet {
		labels = make([]int64, n)
	}
	if err := t.score(scores.f32, labels, t.numbers(in[0]), n, stride); err != nil {
		return err
	}
	if labels != nil {
		t.setLabels(out[0], labels)
	}
	return nil
}

func (t *trees[T]) setLabels(out *tensor, labels []int64) {
	out.shape = []int{len(labels)}
	if t.names == nil {
		out.kind, out.i64 = int64s, labels
		return
	}
	out.kind, out.str = text, make([]string, len(labels))
	for i, l := range labels {
		out.str[i] = t.names[l]
	}
}
