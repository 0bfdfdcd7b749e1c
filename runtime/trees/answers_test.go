package trees_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees"
)

// answers is what testdata/train.py writes: matrices, and what the libraries
// themselves answered to them.
type answers struct {
	Inputs map[string]input
	Models []answer
}

type input struct {
	Rows   int
	Values packed
}

type answer struct {
	File, Input        string
	Margins, Responses packed // of all rows of the input
	Explained          []int  // the rows of the leaves and contributions
	Leaves, Contribs   packed // empty where the library has none
	Iterations         trees.Iterations
}

// packed is little-endian float64 in base64.
type packed []float64

func (p *packed) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	for ; len(raw) >= 8; raw = raw[8:] {
		*p = append(*p, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return err
}

func readAnswers(t *testing.T) (dir string, a answers) {
	t.Helper()
	dir = "testdata"
	if other := os.Getenv("LEAT_TREES_TESTDATA"); other != "" {
		dir = other
	}
	data, err := os.ReadFile(filepath.Join(dir, "answers.json"))
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, a
}

// TestAnswersOfTheLibraries: margins of XGBoost models are equal to the last
// bit, those of LightGBM to 1e-12 of their size; responses to what the
// exponential functions of two languages differ by.
func TestAnswersOfTheLibraries(t *testing.T) {
	dir, a := readAnswers(t)
	for _, m := range a.Models {
		t.Run(m.File, func(t *testing.T) {
			e := load(t, filepath.Join(dir, m.File))
			in := a.Inputs[m.Input]
			same := equalBits
			tolerance := 1e-12
			if strings.HasPrefix(m.File, "xgb-") {
				tolerance = 2e-7
			} else {
				same = closeTo(tolerance)
			}
			checkAnswers(t, e, in.Values, m.Margins, in.Rows, trees.Margin, same)
			checkAnswers(t, e, in.Values, m.Responses, in.Rows, trees.Response, closeTo(tolerance))
		})
	}
}

func equalBits(got, want float64) bool {
	return got == want || (math.IsNaN(got) && math.IsNaN(want))
}

func closeTo(tolerance float64) func(got, want float64) bool {
	return func(got, want float64) bool {
		return equalBits(got, want) || math.Abs(got-want) <= tolerance*math.Abs(want)
	}
}

// checkAnswers predicts all rows together and each by itself.
func checkAnswers(t *testing.T, e *trees.Ensemble, rows, want []float64, n int, out trees.Output, same func(got, want float64) bool) {
	t.Helper()
	width, features := e.Width(out), e.Info().Features
	if len(want) != n*width || len(rows) != n*features {
		t.Fatalf("%d rows of %d values have %d answers, %d each", n, len(rows), len(want), width)
	}
	got := make([]float64, len(want))
	if err := e.PredictFloat64(got, rows, n, out); err != nil {
		t.Fatal(err)
	}
	alone := make([]float64, len(want))
	for r := range n {
		if err := e.PredictFloat64(alone[r*width:(r+1)*width], rows[r*features:(r+1)*features], 1, out); err != nil {
			t.Fatal(err)
		}
	}
	wrong := 0
	for i := range want {
		if !same(got[i], want[i]) || !equalBits(got[i], alone[i]) {
			if wrong++; wrong <= 3 {
				t.Errorf("output %d of row %d %v: %v, by itself %v, want %v", i%width, i/width,
					rows[i/width*features:(i/width+1)*features], got[i], alone[i], want[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d values differ", wrong, len(want))
	}
}
