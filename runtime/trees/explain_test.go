package trees_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees"
)

// explained returns the rows of a model's input that were explained.
func (m *answer) explained(in input) []float64 {
	width := len(in.Values) / in.Rows
	var rows []float64
	for _, r := range m.Explained {
		rows = append(rows, in.Values[r*width:(r+1)*width]...)
	}
	return rows
}

// TestLeavesOfTheLibraries: the numbers of leaves are those of the libraries.
func TestLeavesOfTheLibraries(t *testing.T) {
	dir, a := readAnswers(t)
	for _, m := range a.Models {
		t.Run(m.File, func(t *testing.T) {
			e, rows, n := load(t, filepath.Join(dir, m.File)), m.explained(a.Inputs[m.Input]), len(m.Explained)
			if e.Info().Booster == "gblinear" {
				err := trees.Leaves(e, make([]int32, 0), rows, n)
				if err == nil || !strings.Contains(err.Error(), "has no leaves") {
					t.Errorf("the leaves of a linear booster: %v", err)
				}
				return
			}
			checkAnswers(t, e, rows, m.Leaves, n, trees.Leaf, equalBits)
			got := make([]int32, len(m.Leaves))
			if err := trees.Leaves(e, got, rows, n); err != nil {
				t.Fatal(err)
			}
			for i, leaf := range got {
				if float64(leaf) != m.Leaves[i] {
					t.Fatalf("tree %d of row %d: leaf %d, want %v", i%e.Info().Trees, i/e.Info().Trees, leaf, m.Leaves[i])
				}
			}
		})
	}
}

// TestContribsOfTheLibraries: XGBoost computes contributions in float32, so
// that they agree to that, in proportion to the greatest of a row; LightGBM in
// float64. They add up to the margin.
func TestContribsOfTheLibraries(t *testing.T) {
	dir, a := readAnswers(t)
	for _, m := range a.Models {
		t.Run(m.File, func(t *testing.T) {
			e, rows, n := load(t, filepath.Join(dir, m.File)), m.explained(a.Inputs[m.Input]), len(m.Explained)
			if e.Info().Linear {
				if err := e.Offers(trees.Contrib); err == nil || !strings.Contains(err.Error(), "linear trees") {
					t.Errorf("the contributions of linear trees: %v", err)
				}
				return
			}
			tolerance := 1e-12
			if strings.HasPrefix(m.File, "xgb-") {
				tolerance = 2e-6
			}
			checkContribs(t, e, rows, m.Contribs, n, tolerance)
		})
	}
}

func checkContribs(t *testing.T, e *trees.Ensemble, rows, want []float64, n int, tolerance float64) {
	t.Helper()
	got, margins := make([]float64, n*e.Width(trees.Contrib)), make([]float64, n*e.Width(trees.Margin))
	if len(want) != len(got) {
		t.Fatalf("%d contributions are recorded, but the model has %d", len(want), len(got))
	}
	if err := trees.Predict(e, got, rows, n, trees.Contrib); err != nil {
		t.Fatal(err)
	}
	if err := trees.Predict(e, margins, rows, n, trees.Margin); err != nil {
		t.Fatal(err)
	}
	width, worst := e.Info().Features+1, 0.0
	for i, margin := range margins {
		greatest, sum := 1e-3, 0.0
		for _, v := range want[i*width : (i+1)*width] {
			greatest = max(greatest, math.Abs(v))
		}
		for f, v := range got[i*width : (i+1)*width] {
			sum += v
			worst = max(worst, math.Abs(v-want[i*width+f])/greatest)
		}
		worst = max(worst, math.Abs(sum-margin)/greatest)
	}
	if !(worst <= tolerance) {
		t.Errorf("the contributions or their sums differ by %.2g of the greatest of a row", worst)
	}
}
