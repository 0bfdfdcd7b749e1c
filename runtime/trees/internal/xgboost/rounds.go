package xgboost

import (
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A span is some of the trees, in their order.
type span struct{ from, to int }

func (s *span) has(tree int) bool { return tree >= s.from && tree < s.to }

// iterations returns the trees of the rounds chosen, nil for all. Like
// XGBoost's scikit-learn wrapper it stops, unless told otherwise, after the
// round that the attribute best_iteration names, which early stopping sets.
// gblinear has no rounds.
func (m *model) iterations(of forest.Iterations) (*span, error) {
	if m.booster == "gblinear" {
		return nil, nil
	}
	early := of.To == 0 && !of.All && m.best != ""
	if early {
		best, err := count("best_iteration", m.best)
		if err != nil {
			return nil, err
		}
		of.To = best + 1
	}
	if of.From == 0 && of.To == 0 {
		return nil, nil
	}
	starts, err := m.starts()
	if err != nil {
		return nil, err
	}
	rounds := len(starts) - 1
	if early && of.To > rounds {
		return nil, fmt.Errorf("best_iteration is %s, but the model has %d iterations", clip([]byte(m.best)), rounds)
	}
	if err := of.Check(rounds); err != nil {
		return nil, err
	}
	from, to := of.From, of.To
	if to == 0 {
		to = rounds
	}
	if from == 0 && to == rounds {
		return nil, nil
	}
	return &span{int(starts[from]), int(starts[to])}, nil
}

// starts is where each round begins among the trees, and where the last ends.
// Files from before 2.1 do not say: there each round has as many trees.
func (m *model) starts() ([]int32, error) {
	if len(m.rounds) > 0 {
		return m.rounds, m.checkRounds()
	}
	parallel, err := count("num_parallel_tree", m.parallel)
	if err != nil {
		return nil, err
	}
	outputs, err := m.outputs()
	if err != nil {
		return nil, err
	}
	if m.builder.Vectors() {
		outputs = 1
	}
	each := outputs * max(parallel, 1)
	if m.read%each != 0 {
		return nil, fmt.Errorf("%d trees are not rounds of %d", m.read, each)
	}
	starts := make([]int32, 0, m.read/each+1)
	for at := 0; at <= m.read; at += each {
		starts = append(starts, int32(at))
	}
	return starts, nil
}

func (m *model) checkRounds() error {
	last := int32(0)
	for i, at := range m.rounds {
		if at < last || (i == 0 && at != 0) {
			return fmt.Errorf("iteration_indptr: value %d is %d", i, at)
		}
		last = at
	}
	if int(last) != m.read {
		return fmt.Errorf("iteration_indptr ends at %d, but there are %d trees", last, m.read)
	}
	return nil
}

// cut leaves of the lists that have a value a tree those of the trees kept.
func (m *model) cut() {
	keep := m.plan.keep
	if keep == nil {
		return
	}
	m.group = m.group[keep.from:keep.to]
	if m.weights != nil {
		m.weights = m.weights[keep.from:keep.to]
	}
}
