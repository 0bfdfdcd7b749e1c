package forest

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// splitForest is an ensemble with a batch that is large enough to be split.
func splitForest(tb testing.TB, r Rules, groups int) (e *Ensemble, rows []float32, n int) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(11, 12)), rules: r, features: 6,
		splits: []Split{Less}, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1},
	}
	var trees [][]Node
	for range 40 {
		trees = append(trees, g.tree(1<<6, complete))
	}
	n = splitVisits/(6*len(trees)) + 3*pieceRows + 5
	for range n * g.features {
		rows = append(rows, float32(g.NormFloat64()))
	}
	return ensemble(tb, r, trees, g.features, make([]float64, groups)), rows, n
}

// onProcessors sets how many there are for Go until the test ends.
func onProcessors(tb testing.TB, n int) {
	before := runtime.GOMAXPROCS(n)
	tb.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestLargeBatchesAreSplit(t *testing.T) {
	onProcessors(t, 4)
	for _, r := range []Rules{singleRules, doubleRules} {
		e, rows, n := splitForest(t, r, 2)
		if got := e.helpersFor(n, Margin); got != 3 {
			t.Errorf("%d goroutines help, not 3", got)
		}
		helping.Add(-3)
		for _, out := range []Output{Response, Margin, LeafIndex} {
			width := e.Width(out)
			want := make([]float32, n*width)
			for i := range n {
				if err := Predict(e, want[i*width:(i+1)*width], rows[i*6:(i+1)*6], 1, out); err != nil {
					t.Fatal(err)
				}
			}
			var callers sync.WaitGroup
			for range 4 {
				callers.Go(func() {
					got := make([]float32, n*width)
					if err := Predict(e, got, rows, n, out); err != nil {
						t.Error(err)
					}
					if !slices.Equal(got, want) {
						t.Errorf("output %d: a split prediction differs", out)
					}
				})
			}
			callers.Wait()
			if n := helping.Load(); n != 0 {
				t.Errorf("%d goroutines have not given themselves back", n)
			}
		}
	}
}

func TestSmallBatchesAreNotSplit(t *testing.T) {
	onProcessors(t, 4)
	e, _, n := splitForest(t, singleRules, 1)
	for _, c := range []struct {
		n   int
		out Output
	}{{1, Margin}, {32, Margin}, {2*pieceRows - 1, Margin}, {2 * pieceRows, Margin}, {n, Contrib}} {
		if got := e.helpersFor(c.n, c.out); got != 0 {
			t.Errorf("%d goroutines help with %d rows of output %d", got, c.n, c.out)
		}
	}
}

// All predictions together have no more helpers than there are processors.
func TestHelpersAreShared(t *testing.T) {
	onProcessors(t, 3)
	if a, b, c := takeHelpers(1), takeHelpers(5), takeHelpers(5); a != 1 || b != 1 || c != 0 {
		t.Errorf("three predictions have %d, %d and %d helpers", a, b, c)
	}
	helping.Add(-2)
}
