package forest

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A size is a synthetic ensemble of complete trees.
type size struct {
	name                           string
	trees, depth, features, groups int
}

var sizes = []size{
	{"50x4", 50, 4, 20, 1},
	{"200x6", 200, 6, 30, 1},
	{"300x8", 300, 8, 50, 1},
	{"200x4x5", 200, 4, 30, 5},
	{"1000x10", 1000, 10, 50, 1},
}

func (s size) ensemble(tb testing.TB, r Rules, cats int, splits ...Split) *Ensemble {
	g := &grower{
		Rand: rand.New(rand.NewPCG(1, 2)), rules: r, features: s.features,
		splits: splits, missing: []Missing{NaNRight, NaNLeft}, cats: cats,
	}
	for range 255 {
		g.values = append(g.values, g.NormFloat64())
	}
	var trees [][]Node
	for range s.trees {
		trees = append(trees, g.tree(1<<s.depth, complete))
	}
	return ensemble(tb, r, trees, s.features, make([]float64, s.groups))
}

// BenchmarkPredict is the time of one call. Rows are random, so that no branch
// predictor learns them; "missing" has a third of the values missing.
func BenchmarkPredict(b *testing.B) {
	for _, s := range sizes {
		for _, k := range []struct {
			name    string
			rules   Rules
			splits  []Split
			missing bool
			cats    int
		}{
			{"single", singleRules, []Split{Less}, false, 0},
			{"single-missing", singleRules, []Split{Less}, true, 0},
			{"double", doubleRules, []Split{AtMost}, false, 0},
			{"few-categories", singleRules, []Split{Less, ListedRight}, false, 30},
			{"many-categories", singleRules, []Split{Less, ListedRight}, false, 300},
		} {
			e := s.ensemble(b, k.rules, k.cats, k.splits...)
			for _, n := range []int{1, 32} {
				b.Run(fmt.Sprintf("%s/%s/rows=%d", s.name, k.name, n), func(b *testing.B) {
					benchmark(b, e, n, k.missing)
				})
			}
		}
	}
}

func benchmark(b *testing.B, e *Ensemble, n int, missing bool) {
	g := &grower{Rand: rand.New(rand.NewPCG(3, 4)), features: e.Info().Features}
	const batches = 64
	rows := make([]float32, 0, batches*n*g.features)
	for range cap(rows) {
		v := float32(g.NormFloat64())
		if missing && g.IntN(3) == 0 {
			v = float32(special[0])
		}
		rows = append(rows, v)
	}
	dst := make([]float32, n*e.Width(Margin))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		at := i % batches * n * g.features
		i++
		if err := Predict(e, dst, rows[at:at+n*g.features], n, Margin); err != nil {
			b.Fatal(err)
		}
	}
}
