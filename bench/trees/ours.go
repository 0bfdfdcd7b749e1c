//go:build cgo && linux

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/leat-ml/leat/runtime/trees"
)

// A contender predicts the batches of a workload, over and over.
type contender interface {
	// prepare makes ready for w, or for a change of its batch.
	prepare(w *workload) error
	// run makes that many calls, the first with the batch of the given number,
	// and returns the CPU time they took.
	run(batch, calls int) (time.Duration, error)
	// margins are those of the first batches.
	margins(w *workload, batches int) ([]float64, error)
}

// ours is the engine, with T its type of numbers.
type ours[T float32 | float64] struct {
	ensemble *trees.Ensemble
	output   trees.Output
	w        *workload
	rows     []T
	columns  int
	dst      []T
}

// openOurs returns the ensemble in a file, as the type of numbers in which it
// computes.
func openOurs(path string, out trees.Output) (contender, trees.Info, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, trees.Info{}, fmt.Errorf("read model: %w", err)
	}
	e, err := trees.Parse(data)
	if err != nil {
		return nil, trees.Info{}, fmt.Errorf("parse %s: %w", path, err)
	}
	if e.Info().Float64 {
		return &ours[float64]{ensemble: e, output: out}, e.Info(), nil
	}
	return &ours[float32]{ensemble: e, output: out}, e.Info(), nil
}

func (o *ours[T]) prepare(w *workload) error {
	o.w, o.columns = w, o.ensemble.Info().Features
	switch rows := any(&o.rows).(type) {
	case *[]float32:
		*rows = w.rows32
	case *[]float64:
		*rows = w.rows64
	}
	o.dst = make([]T, w.rows*w.groups)
	return nil
}

func (o *ours[T]) run(batch, calls int) (time.Duration, error) {
	in, out, batches := o.w.batch*o.columns, o.w.batch*o.w.groups, o.w.batches()
	start := threadCPU()
	for range calls {
		rows, dst := o.rows[batch*in:(batch+1)*in], o.dst[batch*out:(batch+1)*out]
		if err := trees.Predict(o.ensemble, dst, rows, o.w.batch, o.output); err != nil {
			return 0, err
		}
		if batch++; batch == batches {
			batch = 0
		}
	}
	return threadCPU() - start, nil
}

func (o *ours[T]) margins(w *workload, batches int) ([]float64, error) {
	if _, err := o.run(0, batches); err != nil {
		return nil, err
	}
	margins := make([]float64, batches*w.batch*w.groups)
	for i := range margins {
		margins[i] = float64(o.dst[i])
	}
	return margins, nil
}
