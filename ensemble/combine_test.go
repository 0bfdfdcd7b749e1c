package ensemble_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/serve"
)

func panel(t *testing.T, n int, weights ...float64) *ensemble.Panel {
	t.Helper()
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}[:n]
	given := map[string]float64{}
	for i, w := range weights {
		given[names[i]] = w
	}
	p, err := ensemble.NewPanel(names, given)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func f64(v ...float64) *serve.Tensor  { return serve.NewTensor("y", v) }
func f32(v ...float32) *serve.Tensor  { return serve.NewTensor("y", v) }
func i64(v ...int64) *serve.Tensor    { return serve.NewTensor("y", v) }
func texts(v ...string) *serve.Tensor { return serve.NewBytes("y", v) }

func rows(columns int, v ...float64) *serve.Tensor {
	return serve.NewTensor("p", v, len(v)/columns, columns)
}

type tensors []*serve.Tensor

// values are the tensors themselves, zero where there is none.
func values(of []*serve.Tensor) []serve.Tensor {
	v := make([]serve.Tensor, len(of))
	for i, t := range of {
		if t != nil {
			v[i] = *t
		}
	}
	return v
}

func TestCombine(t *testing.T) {
	const c, r, s = ensemble.Classification, ensemble.Regression, ensemble.Soft
	nan := math.NaN()
	for _, tt := range []struct {
		name    string
		vote    ensemble.Vote
		weights []float64
		answers tensors
		whole   bool
		want    *serve.Tensor
	}{
		{"mean", r, nil, tensors{f64(1, 2), f64(3, 4)}, false, f64(2, 3)},
		{"mean of integers", r, nil, tensors{i64(1), i64(2)}, false, f64(1.5)},
		{"mean of narrow floats", r, nil, tensors{f32(1), f32(2)}, false, f32(1.5)},
		{"mean of floats of two widths", r, nil, tensors{f32(1), f64(2)}, false, f64(1.5)},
		{"mean of truths", r, nil, tensors{serve.NewTensor("y", []bool{true}), serve.NewTensor("y", []bool{false})}, false, f64(0.5)},
		{"weights above 1", r, []float64{1, 1}, tensors{f64(2), f64(4)}, false, f64(3)},
		{"weights below 1", r, []float64{0.1, 0.3}, tensors{f64(2), f64(4)}, false, f64(3.5)},
		{"weights of which the sum overflows", r, []float64{1e308, 1e308}, tensors{f64(2), f64(4)}, false, f64(3)},
		{"one without a weight", r, []float64{1}, tensors{f64(2), f64(4)}, false, f64(2)},
		{"what weighs nothing is not looked at", r, []float64{1}, tensors{f64(2), f64(nan)}, false, f64(2)},
		{"agreement is exact", r, nil, tensors{f64(0.1), f64(0.1), f64(0.1)}, false, f64(0.1)},
		{"missing", r, nil, tensors{f64(1, 2), f64(nan, 4)}, false, f64(nan, 3)},
		{"infinite", r, nil, tensors{f64(math.Inf(1)), f64(4)}, false, f64(math.Inf(1))},
		{"numbers of which the sum overflows", r, nil, tensors{f64(1e308, -1e308), f64(1.5e308, 1.5e308), f64(1e308, 0)}, false, f64(1.1666666666666667e308, 1.6666666666666667e307)},
		{"infinities of both signs", r, nil, tensors{f64(math.Inf(1)), f64(math.Inf(-1))}, false, f64(nan)},
		{"one has not answered", r, []float64{1, 2, 1}, tensors{f64(1), nil, f64(3)}, false, f64(2)},
		{"the first has not answered", r, nil, tensors{nil, f64(3)}, false, f64(3)},
		{"none asked for", r, nil, tensors{f64(), f64()}, false, f64()},
		{"rows", r, nil, tensors{rows(2, 1, 2, 3, 4), rows(2, 3, 4, 5, 6)}, false, rows(2, 2, 3, 4, 5)},
		{"a number", r, nil, tensors{scalar(t, 1), scalar(t, 2)}, false, scalar(t, 1.5)},
		{"probabilities", s, []float64{3, 1}, tensors{rows(2, 0.25, 0.75), rows(2, 0.75, 0.25)}, false, rows(2, 0.375, 0.625)},
		{"majority", c, nil, tensors{i64(1, 7), i64(2, 8), i64(2, 7)}, false, i64(2, 7)},
		{"the heaviest", c, []float64{0.1, 0.2, 0.3, 0.4}, tensors{i64(1), i64(2), i64(3), i64(4)}, false, i64(4)},
		{"a tie goes to the lowest", c, nil, tensors{i64(5), i64(3)}, false, i64(3)},
		{"a tie but for rounding", c, []float64{0.1, 0.2, 0.3}, tensors{i64(9), i64(9), i64(4)}, false, i64(4)},
		{"negative classes", c, nil, tensors{i64(-1), i64(-1), i64(1)}, false, i64(-1)},
		{"large classes", c, nil, tensors{i64(math.MaxInt64), i64(math.MaxInt64 - 1), i64(math.MaxInt64)}, false, i64(math.MaxInt64)},
		{"unsigned classes", c, nil, tensors{u64(math.MaxUint64), u64(1), u64(math.MaxUint64)}, false, u64(math.MaxUint64)},
		{"labels", c, nil, tensors{texts("no", "b"), texts("yes", "a"), texts("yes", "c")}, false, texts("yes", "a")},
		{"truths", c, nil, tensors{truths(true), truths(false), truths(true)}, false, truths(true)},
		{"whole floats", c, nil, tensors{f32(1), f32(2), f32(2)}, false, f32(2)},
		{"whole floats as integers", c, nil, tensors{f64(1), f64(-2), f64(-2)}, true, i64(-2)},
		{"narrow integers", c, nil, tensors{i32(-4), i32(-4)}, true, i32(-4)},
		{"integers of two widths", c, nil, tensors{i32(-4), i64(-4)}, false, i64(-4)},
		{"integers and floats", c, nil, tensors{i32(3), f64(3)}, false, f64(3)},
		{"classes in rows", c, nil, tensors{classes(2, 1, 2), classes(2, 1, 3), classes(2, 0, 3)}, false, classes(2, 1, 3)},
		{"nine models", c, nil, tensors{i64(1), i64(2), i64(3), i64(4), i64(5), i64(6), i64(7), i64(8), i64(8)}, false, i64(8)},
		{"nine means", r, nil, tensors{i64(1), i64(1), i64(1), i64(1), i64(1), i64(1), i64(1), i64(1), i64(10)}, false, f64(2)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := panel(t, len(tt.answers), tt.weights...).Combine(tt.vote, values(tt.answers), tt.whole)
			if err != nil {
				t.Fatal(err)
			}
			same(t, tt.want, got, 1e-15)
		})
	}
}

func scalar(t *testing.T, v float64) *serve.Tensor {
	t.Helper()
	s, err := f64(v).Reshaped()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func u64(v ...uint64) *serve.Tensor { return serve.NewTensor("y", v) }
func i32(v ...int32) *serve.Tensor  { return serve.NewTensor("y", v) }
func truths(v ...bool) *serve.Tensor {
	return serve.NewTensor("y", v)
}

func classes(columns int, v ...int64) *serve.Tensor {
	return serve.NewTensor("y", v, len(v)/columns, columns)
}

// same compares tensors; numbers to a relative difference.
func same(t *testing.T, want, got *serve.Tensor, tolerance float64) {
	t.Helper()
	if got.Name != want.Name || got.Datatype != want.Datatype || got.Len() != want.Len() || !cmp.Equal(got.Shape, want.Shape) {
		t.Fatalf("got %s %s %v, want %s %s %v", got.Name, got.Datatype, got.Shape, want.Name, want.Datatype, want.Shape)
	}
	for i := range want.Len() {
		x, ok := want.At(i).(float64)
		y, _ := got.At(i).(float64)
		close := ok && (x == y || math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= tolerance*math.Abs(x))
		if !close && want.At(i) != got.At(i) {
			t.Errorf("element %d is %v, want %v", i, got.At(i), want.At(i))
		}
	}
}

func TestCombineErrors(t *testing.T) {
	const c, r, s = ensemble.Classification, ensemble.Regression, ensemble.Soft
	for _, tt := range []struct {
		vote    ensemble.Vote
		weights []float64
		answers tensors
		want    string
	}{
		{r, nil, tensors{f64(1), f64(1, 2)}, "the models disagree about the shape: a answered [1] and b [2]"},
		{r, nil, tensors{nil, rows(2, 1, 2), f64(1, 2)}, "the models disagree about the shape: b answered [1 2] and c [2]"},
		{r, nil, tensors{f64(1), texts("x")}, "model b: BYTES has no mean"},
		{c, nil, tensors{f64(1), texts("x")}, "the models disagree about the classes: those of b are strings, those of others are not"},
		{c, nil, tensors{f64(1), f64(0.5)}, `model b: element 0 of "y" is 0.5, which is no class`},
		{c, nil, tensors{f64(1, math.NaN()), f64(1, 1)}, `model a: element 1 of "y" is NaN, which is no class`},
		{c, nil, tensors{f64(math.Inf(-1))}, `model a: element 0 of "y" is -Inf, which is no class`},
		{c, nil, tensors{f64(1 << 53)}, `which is no class`},
		{s, nil, tensors{f64(1)}, "a soft vote is one over rows of probabilities, [rows, classes], but the answers are FP64 [1]"},
		{s, nil, tensors{classes(1, 1)}, "but the answers are INT64 [1 1]"},
		{r, []float64{1}, tensors{nil, f64(1)}, "no model that weighs anything has answered"},
		{r, nil, tensors{nil, nil}, "no model that weighs anything has answered"},
		{ensemble.Undeclared, nil, tensors{f64(1)}, "vote type 0 is not one"},
	} {
		_, err := panel(t, len(tt.answers), tt.weights...).Combine(tt.vote, values(tt.answers), false)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want %q", err, tt.want)
		}
	}
}

func TestWeights(t *testing.T) {
	for _, tt := range []struct {
		weights map[string]float64
		want    string
	}{
		{map[string]float64{"x": 1}, `weights: there is no model "x"; the models are a, b`},
		{map[string]float64{"a": -1}, "weights: -1 is no weight of model a"},
		{map[string]float64{"a": math.NaN()}, "weights: NaN is no weight of model a"},
		{map[string]float64{"b": math.Inf(1)}, "weights: +Inf is no weight of model b"},
		{map[string]float64{"a": 0}, "weights: no model has any"},
	} {
		if _, err := ensemble.NewPanel([]string{"a", "b"}, tt.weights); err == nil || err.Error() != tt.want {
			t.Errorf("%v: error %v, want %s", tt.weights, err, tt.want)
		}
	}
	p := panel(t, 3, 1, 3)
	if p.Share(0) != 0.25 || p.Share(1) != 0.75 || p.Share(2) != 0 {
		t.Errorf("shares %v, %v, %v", p.Share(0), p.Share(1), p.Share(2))
	}
}

func TestInfer(t *testing.T) {
	for _, tt := range []struct {
		answers tensors
		want    ensemble.Vote
	}{
		{tensors{f64(1, 2), f64(3, -4)}, ensemble.Classification},
		{tensors{f64(1, 2), nil, i64(3)}, ensemble.Classification},
		{tensors{texts("x")}, ensemble.Classification},
		{tensors{truths(true)}, ensemble.Classification},
		{tensors{i64(3), f64(0.5)}, ensemble.Regression},
		{tensors{f64(math.NaN())}, ensemble.Regression},
	} {
		if got := ensemble.Infer(values(tt.answers)); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.answers, got, tt.want)
		}
	}
	for dt, want := range map[serve.Datatype]ensemble.Vote{
		serve.Invalid: ensemble.Undeclared, serve.FP16: ensemble.Regression, serve.FP64: ensemble.Regression,
		serve.Int8: ensemble.Classification, serve.Bytes: ensemble.Classification, serve.Bool: ensemble.Classification,
	} {
		if got := ensemble.Of(dt); got != want {
			t.Errorf("%v: %v, want %v", dt, got, want)
		}
	}
}

func TestParseVote(t *testing.T) {
	for _, v := range []ensemble.Vote{ensemble.Undeclared, ensemble.Classification, ensemble.Regression, ensemble.Soft} {
		if got, err := ensemble.ParseVote(v.String()); got != v || err != nil {
			t.Errorf("%q: %v, %v", v, got, err)
		}
	}
	if _, err := ensemble.ParseVote("plurality"); err == nil || !strings.Contains(err.Error(), `"plurality"`) {
		t.Errorf("error %v", err)
	}
	if s := ensemble.Vote(9).String(); s != "" {
		t.Errorf("a vote that is none is %q", s)
	}
}
