package profile_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/profile"
)

// TestGolden: the statistics of the golden cases, to 1e-9.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/mlrun_features.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		ID    string
		Input struct{ Reference map[string][]*float64 }

		Expected struct {
			FeatureStats map[string]map[string]any `json:"feature_stats"`
		}
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 7 {
		t.Errorf("%d cases", len(cases))
	}
	for _, c := range cases {
		table := &profile.Table{}
		for name, values := range c.Input.Reference {
			col := profile.Column{Name: name, Type: profile.Float}
			for _, v := range values {
				if v == nil {
					col.Values = append(col.Values, math.NaN())
					continue
				}
				col.Values = append(col.Values, *v)
			}
			table.Rows = len(values)
			table.Columns = append(table.Columns, col)
		}
		for name, want := range c.Expected.FeatureStats {
			got, _ := table.Stats()[name].(map[string]any)
			if err := alike(want, got); err != nil {
				t.Errorf("%s, column %s: %v", c.ID, name, err)
			}
		}
	}
}

// alike compares statistics: counts exactly, all else to 1e-9.
func alike(want, got map[string]any) error {
	if len(want) != len(got) {
		return fmt.Errorf("%d statistics, want %d: %v", len(got), len(want), got)
	}
	for key, w := range want {
		text, err := json.Marshal(got[key])
		if err != nil {
			return err
		}
		var g any
		if err := json.Unmarshal(text, &g); err != nil {
			return err
		}
		if err := near(w, g); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func near(want, got any) error {
	switch w := want.(type) {
	case float64:
		g, ok := got.(float64)
		if !ok || math.Abs(g-w) > 1e-9*max(1, math.Abs(w)) {
			return fmt.Errorf("%v, want %v", got, want)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Errorf("%v, want %v", got, want)
		}
		for i := range w {
			if err := near(w[i], g[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

const sample = "a (cm),b,c,d,e,label\n1,0.5,x,True,,0\n2,1.5,\"y,z\",False,NaN,1\n3,,x,true,null,0\n4,inf,z,True,,1\n"

func TestCSV(t *testing.T) {
	table, err := profile.ReadCSV(strings.NewReader("\ufeff" + sample))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, c := range table.Columns {
		types = append(types, c.Name+":"+c.Type)
	}
	if got := strings.Join(types, " "); got != "a (cm):int b:float c:str d:bool e:float label:int" || table.Rows != 4 {
		t.Errorf("%d rows, columns %s", table.Rows, got)
	}
	stats := table.Stats()
	a := stats["a (cm)"].(map[string]any)
	want := map[string]any{"count": 4.0, "mean": 2.5, "std": 1.2909944487358056, "min": 1.0, "25%": 1.75, "50%": 2.5, "75%": 3.25, "max": 4.0}
	hist := a["hist"].([]any)
	delete(a, "hist")
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("a (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, hist[0]); diff != "" {
		t.Error(diff)
	}
	d := stats["d"].(map[string]any)
	delete(d, "hist")
	if diff := cmp.Diff(map[string]any{"count": int64(4), "unique": int64(2), "top": "True", "freq": int64(3)}, d); diff != "" {
		t.Errorf("d (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"count": 0.0}, stats["e"]); diff != "" {
		t.Errorf("e (-want +got):\n%s", diff)
	}
	if _, ok := stats["c"]; ok || stats["b"].(map[string]any)["count"] != 3.0 {
		t.Errorf("statistics %v", stats)
	}
}

func TestProfile(t *testing.T) {
	table, err := profile.ReadCSV(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	p := profile.New(table, profile.Source{Name: "x.csv", SHA256: "00"}, []string{"label"})
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
	by := map[string]profile.Feature{}
	for _, f := range p.Features {
		by[f.Name] = f
	}
	b := by["b"]
	if b.Treatment != "numeric" || b.Count != 2 || b.Missing != 1 || b.NonFinite != 1 || b.Distinct != 2 || *b.Moments != (profile.Moments{Mean: 1, M2: 0.5, Min: 0.5, Max: 1.5}) {
		t.Errorf("b: %+v", b)
	}
	want := &profile.Categories{Top: []profile.Category{{Value: "x", Count: 2}, {Value: "y,z", Count: 1}, {Value: "z", Count: 1}}}
	if diff := cmp.Diff(want, by["c"].Categories); diff != "" || by["c"].Count != 4 {
		t.Errorf("c (-want +got):\n%s", diff)
	}
	if f := by["label"]; f.Treatment != "categorical" || f.Categories.Top[0] != (profile.Category{Value: "0", Count: 2}) || f.Hist == nil {
		t.Errorf("label: %+v", f)
	}
	if f := by["e"]; f.Missing != 4 || f.Count != 0 || f.Moments != nil {
		t.Errorf("e: %+v", f)
	}
}

// TestFine: the bins between quantiles have all values, and about as many each.
func TestFine(t *testing.T) {
	for name, values := range map[string]func(i int) float64{
		"even":   func(i int) float64 { return float64(i) / 7 },
		"skewed": func(i int) float64 { return math.Exp(float64(i) / 500) },
		"ties":   func(i int) float64 { return float64(i%3) / 2 },
		"one":    func(int) float64 { return 1.5 },
	} {
		c := profile.Column{Name: "x", Type: profile.Float}
		for i := range 6400 {
			c.Values = append(c.Values, values(i))
		}
		f := profile.New(&profile.Table{Rows: 6400, Columns: []profile.Column{c}}, profile.Source{}, nil).Features[0].Fine
		var n int64
		for _, k := range f.Counts {
			n += k
		}
		if n != 6400 || len(f.Edges) != len(f.Counts)+1 || !slices.IsSorted(f.Edges) || f.Below+f.Above != 0 {
			t.Errorf("%s: %d values in %d bins between %d edges", name, n, len(f.Counts), len(f.Edges))
		}
		if name == "even" || name == "skewed" {
			if low, high := slices.Min(f.Counts), slices.Max(f.Counts); len(f.Counts) != 64 || low < 98 || high > 102 {
				t.Errorf("%s: %d bins, %d to %d values in each", name, len(f.Counts), low, high)
			}
		}
	}
}

// TestExtremes: numbers at the ends of their range make no number that cannot be
// written.
func TestExtremes(t *testing.T) {
	for _, text := range []string{"x\n1e308\n-1e308\n", "x\n5e-324\n0\n", "x\n1e400\n1\n", "x\n1\n", "x\n9007199254740993\n9007199254740992\n", "x\n9223372036854775808\n1\n"} {
		table, err := profile.ReadCSV(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(table.Stats()); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := json.Marshal(profile.New(table, profile.Source{}, nil)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestBadCSV(t *testing.T) {
	for text, want := range map[string]string{
		"": "it is empty", "a,b\n": "no rows", "a,a\n1,2\n": `two columns are called "a"`, "a,\n1,2\n": "column 2 has no name",
		"a,b\n1\n": "wrong number of fields", "a\n\"x\n": "extraneous or missing", "\xff\n1\n": "not UTF-8",
		strings.Repeat("c,", 10_000) + "c\n": "10001 columns, more than",
	} {
		if _, err := profile.ReadCSV(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add(sample)
	f.Add("a\n1_0\n0x1p3\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := profile.ReadCSV(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range table.Columns {
			n := c.Missing
			for _, k := range c.Counts {
				n += k
			}
			if c.Numeric() {
				n = int64(len(c.Values))
			}
			if n != int64(table.Rows) {
				t.Errorf("column %q has %d of %d values", c.Name, n, table.Rows)
			}
		}
		if _, err := json.Marshal(table.Stats()); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(profile.New(table, profile.Source{}, nil)); err != nil {
			t.Error(err)
		}
	})
}
