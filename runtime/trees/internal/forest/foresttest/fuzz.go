// Package foresttest checks what every loader of forests owes.
package foresttest

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// AddTrained seeds a fuzz test with models of runtime/trees/testdata, from a
// package two levels below runtime/trees.
func AddTrained(f *testing.F, names ...string) {
	f.Helper()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("../../testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// Fuzz checks that whatever parses is in proportion to its file and predicts,
// one row by itself as among others.
func Fuzz(f *testing.F, parse func([]byte) (*forest.Ensemble, error)) {
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parse(data)
		if err != nil {
			return
		}
		info := e.Info()
		if info.Bytes > 64*len(data)+1<<20 {
			t.Fatalf("%d bytes are held for %d", info.Bytes, len(data))
		}
		if info.Features > 10_000 || info.Groups > 10_000 {
			return // the rows would be bigger than anything else
		}
		predict(t, e)
	})
}

func predict(t *testing.T, e *forest.Ensemble) {
	const n = 9
	features, width := e.Info().Features, e.Width(forest.Response)
	rows := make([]float32, n*features)
	values := []float32{float32(math.NaN()), 0, -1, 1e9, float32(math.Inf(1)), 1e-40, 3}
	for i := range rows {
		rows[i] = values[i/features%len(values)]
	}
	all, one := make([]float32, n*width), make([]float32, width)
	if err := e.PredictFloat32(all, rows, n, forest.Response); err != nil {
		t.Fatal(err)
	}
	for r := range n {
		if err := e.PredictFloat32(one, rows[r*features:(r+1)*features], 1, forest.Response); err != nil {
			t.Fatal(err)
		}
		for i, got := range one {
			if want := all[r*width+i]; got != want && (got == got || want == want) {
				t.Fatalf("row %d: %v by itself, %v among others", r, got, want)
			}
		}
	}
}
