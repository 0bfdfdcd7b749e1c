// Package foresttest checks what every loader of forests owes.
package foresttest

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// Check says what is wrong with an ensemble that was read from a file of size
// bytes: it is to be in proportion to its file, and to answer a row by itself as
// it does among others.
func Check(e *forest.Ensemble, size int) error {
	info := e.Info()
	if info.Bytes > 64*size+1<<20 {
		return fmt.Errorf("%d bytes are held for a file of %d", info.Bytes, size)
	}
	if info.Features > 10_000 || info.Groups > 10_000 {
		return nil // the rows would be bigger than anything else
	}
	const n = 9
	rows := make([]float32, n*info.Features)
	values := []float32{float32(math.NaN()), 0, -1, 1e9, float32(math.Inf(1)), 1e-40, 3}
	for i := range rows {
		rows[i] = values[i/info.Features%len(values)]
	}
	if err := checkRows(e, rows, n); err != nil {
		return err
	}
	return checkExplanations(e, rows, n, size)
}

// checkExplanations wants answers or the reason why there are none, and memory
// in proportion for the former.
func checkExplanations(e *forest.Ensemble, rows []float32, n, size int) error {
	for _, out := range []forest.Output{forest.LeafIndex, forest.Contrib} {
		if e.Width(out) > 100_000 {
			continue
		}
		err := e.PredictFloat32(make([]float32, n*e.Width(out)), rows, n, out)
		if why := e.Offers(out); (err == nil) != (why == nil) {
			return fmt.Errorf("output %d is answered with %w, but offered with %w", out, err, why)
		}
	}
	if held := e.ExplainBytes(); held > 64*size+1<<20 {
		return fmt.Errorf("%d bytes are held to explain a model of %d", held, size)
	}
	return nil
}

func checkRows(e *forest.Ensemble, rows []float32, n int) error {
	features, width := e.Info().Features, e.Width(forest.Response)
	all, one := make([]float32, n*width), make([]float32, width)
	if err := e.PredictFloat32(all, rows, n, forest.Response); err != nil {
		return err
	}
	for r := range n {
		if err := e.PredictFloat32(one, rows[r*features:(r+1)*features], 1, forest.Response); err != nil {
			return err
		}
		for i, got := range one {
			if want := all[r*width+i]; got != want && (got == got || want == want) {
				return fmt.Errorf("row %d: %v by itself, %v among others", r, got, want)
			}
		}
	}
	return nil
}
