package forest

import (
	"math"
	"testing"
)

func TestTransforms(t *testing.T) {
	e := math.E
	for _, c := range []struct {
		name      string
		transform Transform
		scale     float64
		margins   []float64
		want      []float64
	}{
		{"identity", Identity, 0, []float64{-1, 2}, []float64{-1, 2}},
		{"sigmoid", Sigmoid, 2, []float64{0, 0.5}, []float64{0.5, 1 / (1 + 1/e)}},
		{"sigmoid32", Sigmoid32, 0, []float64{0, 1, -1000, 1000}, []float64{0.5, 1 / (1 + 1/e), 3.0066358e-39, 1}},
		{"exp", Exp, 0, []float64{0, 1}, []float64{1, e}},
		{"step", Step, 0, []float64{0, 1e-9, -1}, []float64{0, 1, 0}},
		{"softmax", Softmax, 0, []float64{1000, 1001}, []float64{1 / (1 + e), e / (1 + e)}},
		{"softmax32", Softmax32, 0, []float64{0, 1}, []float64{1 / (1 + e), e / (1 + e)}},
		{"argmax", ArgMax, 0, []float64{1, 3, 3}, []float64{1}},
		{"log1pexp", Log1pExp, 0, []float64{0}, []float64{math.Ln2}},
		{"ascending", Ascending, 0, []float64{2, -1, 1}, []float64{-1, 1, 2}},
		{"increments32", Increments32, 0, []float64{1, 0, -1000}, []float64{1, 1 + math.Ln2 + 1e-6, 1 + math.Ln2 + 2e-6}},
		{"signed square", SignedSquare, 0, []float64{-3, 2}, []float64{-9, 4}},
	} {
		if got := c.transform.width(len(c.margins)); got != len(c.want) {
			t.Fatalf("%s: width %d", c.name, got)
		}
		got := make([]float64, len(c.want))
		respond(c.transform, c.scale, got, append([]float64{}, c.margins...))
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-6*math.Abs(c.want[i]) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}

// TestResponseOfAverage: the divisor is for responses only.
func TestResponseOfAverage(t *testing.T) {
	b := NewBuilder(doubleRules, 0)
	for _, v := range []float64{1, 2, 6} {
		if err := b.Add([]Node{{Value: v}}); err != nil {
			t.Fatal(err)
		}
	}
	e, err := b.Finish(Meta{Base: []float64{0}, Divisor: 3})
	if err != nil {
		t.Fatal(err)
	}
	for out, want := range map[Output]float64{Response: 3, Margin: 9} {
		var got [1]float64
		if err := e.PredictFloat64(got[:], nil, 1, out); err != nil || got[0] != want {
			t.Errorf("output %d: %v, %v, want %v", out, got, err, want)
		}
	}
}
