package feature

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func read(t *testing.T, text string, o Options) *Table {
	t.Helper()
	table := &Table{o: o}
	if err := table.read(t.Context(), strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTable(t *testing.T) {
	table := read(t, "\ufeffid,age,city,\"a,b\"\n1,30,Bonn,\n2,,\"New\nYork\",NaN\n3,40.5,,1e3\n", Options{})
	want := []Column{
		{"age", Float, Stats{2, 35.25, 30, 40.5, math.Sqrt(2 * 5.25 * 5.25)}},
		{"city", Text, Stats{}},
		{"a,b", Float, Stats{1, 1000, 1000, 1000, math.NaN()}},
	}
	if d := cmp.Diff(want, table.Columns(), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0)); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	rows, err := table.Lookup(t.Context(), []Key{{"3"}, {"9"}, {"2"}, {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Row{{40.5, nil, 1000.0}, nil, {nil, "New\nYork", nil}, {30.0, "Bonn", nil}}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

// TestKeysOfSeveralEntities: where one value ends and the next begins matters.
func TestKeysOfSeveralEntities(t *testing.T) {
	table := read(t, "a,b,v\nx,yz,1\nxy,z,2\n", Options{Entities: []string{"a", "b"}})
	rows, err := table.Lookup(t.Context(), []Key{{"xy", "z"}, {"x", "yz"}, {"xyz", ""}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Row{{int64(2)}, {int64(1)}, nil}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestTableErrors(t *testing.T) {
	for _, tt := range []struct {
		text string
		o    Options
		want string
	}{
		{"", Options{}, "the file is empty: its first line names the columns"},
		{"a,a\n", Options{}, `the column "a" is there twice`},
		{"a\n1\n", Options{}, "there are no columns beside the key"},
		{"a,b\n1,2\n1,3\n", Options{}, "line 3: there is a row for 1 already"},
		{"a,b\n1\n", Options{}, "wrong number of fields"},
		{"a,b\n\"1,2\n", Options{}, `parse error`},
		{"a,b\n", Options{Entities: []string{"c"}}, `there is no column "c": there are a, b`},
		{"a,b\n", Options{Features: []string{"c"}}, `there is no column "c": there are a, b`},
	} {
		table := &Table{o: tt.o}
		if err := table.read(t.Context(), strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %s", tt.text, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&Table{}).read(ctx, strings.NewReader("a,b\n1,2\n")); err == nil {
		t.Error("it reads on when nobody waits")
	}
}

func TestOpen(t *testing.T) {
	for _, address := range []string{"a.csv", "/a/b.CSV", "file:///a/b.csv", "file://localhost/b.csv"} {
		if _, err := Open(address, Options{}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"", "project/vector", "store://feature-vectors/p/v", "http://host/a.csv", "file://host/a.csv", "a.parquet", "%zz", "https://u:s3cret@host/?s3cret"} {
		if _, err := Open(address, Options{}); err == nil || !strings.Contains(err.Error(), "is no source of features") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", address, err)
		}
	}
}

func TestPolicy(t *testing.T) {
	columns := []Column{{"age", Int, Stats{2, 35, 30, 40, 5}}, {"city", Text, Stats{}}, {"one", Float, Stats{1, 7, 7, 7, math.NaN()}}}
	for _, tt := range []struct {
		policy Policy
		want   Row
		err    string
	}{
		{nil, Row{nil, nil, nil}, ""},
		{Policy{"*": "$mean", "age": int64(33)}, Row{int64(33), nil, 7.0}, ""},
		{Policy{"*": "$count", "age": "$max", "city": "Bonn"}, Row{40.0, "Bonn", 1.0}, ""},
		{Policy{"*": "$min", "one": 0.5}, Row{30.0, nil, 0.5}, ""},
		{Policy{"age": "$std", "*": nil}, Row{5.0, nil, nil}, ""},
		{Policy{"age": 1}, Row{int64(1), nil, nil}, ""},
		{Policy{"age": 1.5, "one": 2}, Row{1.5, nil, 2.0}, ""},
		{Policy{"*": "unknown"}, nil, `impute_policy: age: "unknown" is text, and the feature is not; one: "unknown" is text, and the feature is not`},
		{Policy{"agee": 1}, nil, `impute_policy: there is no feature "agee"`},
		{Policy{"city": 1}, nil, "impute_policy: city: 1 is a number, and the feature is none"},
		{Policy{"city": "$mean"}, nil, "impute_policy: city: the feature is no number, so there is no $mean"},
		{Policy{"one": "$std"}, nil, "impute_policy: one: there are too few values for $std"},
		{Policy{"one": "$mode"}, nil, "impute_policy: one: $mode is none of $mean, $min, $max, $std and $count"},
		{Policy{"one": true}, nil, "impute_policy: one: true is given for what is no boolean"},
	} {
		got, err := tt.policy.Fill(columns)
		if d := cmp.Diff(tt.want, got); d != "" || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%v: error %v, want %q; (-want +got):\n%s", tt.policy, err, tt.err, d)
		}
	}
}

// TestPolicyWithoutKinds: a source such as Redis does not tell what its features
// are.
func TestPolicyWithoutKinds(t *testing.T) {
	columns := []Column{{Name: "age"}, {Name: "city"}}
	got, err := Policy{"age": 1, "city": "Bonn"}.Fill(columns)
	if d := cmp.Diff(Row{int64(1), "Bonn"}, got); d != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, d)
	}
	if _, err := (Policy{"*": "$mean"}).Fill(columns); err == nil || !strings.Contains(err.Error(), "age: the source has no $mean") {
		t.Errorf("error %v", err)
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]any{"7": int64(7), "-7": int64(-7), "1e3": 1000.0, ".5": 0.5, "9007199254740993": int64(9007199254740993), "NaN": nil, "-inf": nil, "1e999": nil, "18446744073709551616": 18446744073709551616.0} {
		if got, ok := Number(text); !ok || got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", " 7", "0x10", "1_0", "x", "1p3"} {
		if got, ok := Number(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add("id,age,city\n1,30,Bonn\n2,,\n")
	f.Add("a,b\n\"x\",\"\"\"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		table := &Table{}
		if table.read(t.Context(), strings.NewReader(text)) != nil {
			return
		}
		for _, row := range table.rows {
			if len(row) != len(table.columns) {
				t.Fatalf("a row of %d values in a table of %d columns", len(row), len(table.columns))
			}
			for i, v := range row {
				fits := v == nil
				switch v.(type) {
				case int64, float64:
					fits = table.columns[i].Numeric()
				case bool:
					fits = table.columns[i].Kind == Bool
				case string:
					fits = table.columns[i].Kind == Text
				}
				if !fits {
					t.Fatalf("%v in column %+v", v, table.columns[i])
				}
			}
		}
	})
}
