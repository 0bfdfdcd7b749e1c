package trees_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/runtime/trees"
)

// answersIn reads the recorded answers of one of the folders in testdata, each of
// which has a script that says where they are from.
func answersIn(t *testing.T, file string) (dir string, a answers) {
	t.Helper()
	file = filepath.Join("testdata", file)
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Models) == 0 {
		t.Fatalf("%s has no answers", file)
	}
	return filepath.Dir(file), a
}

// rounding is what additions of float32 in another order differ by.
func rounding(got, want float64) bool {
	return math.Abs(got-want) <= 3e-7*max(1, math.Abs(want))
}

// TestBinaryXGBoost checks files in the binary format against the releases that
// wrote them: 0.90 saved base_score as a margin, 1.7 as it was given. 0.90 added
// it after the trees, not before them, which rounds otherwise.
func TestBinaryXGBoost(t *testing.T) {
	for file, same := range map[string]func(got, want float64) bool{
		"legacy/answers-0.90.json":  rounding,
		"legacy/answers-1.7.6.json": equalBits,
	} {
		dir, a := answersIn(t, file)
		for _, m := range a.Models {
			t.Run(m.File, func(t *testing.T) {
				e := load(t, filepath.Join(dir, m.File))
				in := a.Inputs[m.Input]
				checkAnswers(t, e, in.Values, m.Margins, in.Rows, trees.Margin, same)
				checkAnswers(t, e, in.Values, m.Responses, in.Rows, trees.Response, rounding)
			})
		}
	}
}

// TestBase64XGBoost: the form for text is the same file in base64.
func TestBase64XGBoost(t *testing.T) {
	data, err := os.ReadFile("testdata/legacy/softprob-0.90.model")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := trees.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "\n"} {
		e, err := trees.Parse([]byte("bs64\t" + base64.StdEncoding.EncodeToString(data) + end))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain.Info(), e.Info()); diff != "" {
			t.Error(diff)
		}
	}
}

// TestRounds checks vector leaves, and models that stopped early: with the rounds
// that XGBoost's scikit-learn wrapper uses, with all, and with some.
func TestRounds(t *testing.T) {
	for _, file := range []string{"rounds/answers.json", "rounds/answers-old.json"} {
		dir, a := answersIn(t, file)
		for _, m := range a.Models {
			t.Run(fmt.Sprintf("%s%+v", m.File, m.Iterations), func(t *testing.T) {
				data, err := os.ReadFile(filepath.Join(dir, m.File))
				if err != nil {
					t.Fatal(err)
				}
				e, err := trees.ParseIterations(data, m.Iterations)
				if err != nil {
					t.Fatal(err)
				}
				in := a.Inputs[m.Input]
				same := equalBits
				if strings.Contains(m.File, "dart") {
					same = rounding // the wrapper predicts in the other of two ways
				} else if strings.HasPrefix(m.File, "lightgbm") {
					same = closeTo(1e-12)
				}
				checkAnswers(t, e, in.Values, m.Margins, in.Rows, trees.Margin, same)
				checkAnswers(t, e, in.Values, m.Responses, in.Rows, trees.Response, rounding)
				if m.Explained != nil {
					checkAnswers(t, e, m.explained(in), m.Leaves, len(m.Explained), trees.Leaf, equalBits)
				}
			})
		}
	}
}

// TestCatBoost checks models of CatBoost. Margins that nearly cancel out are as
// close as sums of numbers of the size of one can be.
func TestCatBoost(t *testing.T) {
	same := func(got, want float64) bool { return math.Abs(got-want) <= 1e-12*max(1, math.Abs(want)) }
	dir, a := answersIn(t, "catboost/answers.json")
	for _, m := range a.Models {
		t.Run(fmt.Sprintf("%s%+v", m.File, m.Iterations), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, m.File))
			if err != nil {
				t.Fatal(err)
			}
			e, err := trees.ParseIterations(data, m.Iterations)
			if err != nil {
				t.Fatal(err)
			}
			in := a.Inputs[m.Input]
			checkAnswers(t, e, in.Values, m.Margins, in.Rows, trees.Margin, same)
			checkAnswers(t, e, in.Values, m.Responses, in.Rows, trees.Response, same)
			if m.Explained != nil {
				checkAnswers(t, e, m.explained(in), m.Leaves, len(m.Explained), trees.Leaf, equalBits)
			}
			if m.Contribs != nil {
				checkContribs(t, e, m.explained(in), m.Contribs, len(m.Explained), 1e-9)
			}
		})
	}
}
