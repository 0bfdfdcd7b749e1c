package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComparison(t *testing.T) {
	for _, tt := range []struct {
		name, want, got string
		tolerance       float64
		wrong           []string
	}{
		{name: "same", want: `{"a": [1, "x", null, true]}`, got: `{"a": [1, "x", null, true]}`},
		{name: "a number written otherwise", want: `[1, 100]`, got: `[1.0, 1e2]`},
		{name: "whole numbers are exact", want: `9007199254740993`, got: `9007199254740992`,
			wrong: []string{"body is 9007199254740992, want 9007199254740993"}},
		{name: "within", want: `[0.1]`, got: `[0.1009]`, tolerance: 0.001},
		{name: "beyond", want: `[0.1]`, got: `[0.1011]`, tolerance: 0.001, wrong: []string{"body[0] is 0.1011, want 0.1"}},
		{name: "members", want: `{"a": 1, "b": 2}`, got: `{"b": 2, "c": 3}`,
			wrong: []string{`body has no "a"`, `body has a "c" that is not expected`}},
		{name: "length", want: `[1]`, got: `[1, 2]`, wrong: []string{"body has 2 items, want 1"}},
		{name: "kind", want: `{"a": [1]}`, got: `{"a": {"x": "y"}}`, wrong: []string{`body.a is {"x":"y"}, want [1]`}},
		{name: "text is no number", want: `1`, got: `"1"`, wrong: []string{`body is "1", want 1`}},
		{name: "null is not nothing", want: `{"a": null}`, got: `{}`, wrong: []string{`body has no "a"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decode([]byte(tt.got))
			if err != nil {
				t.Fatal(err)
			}
			c := comparison{tolerance: tt.tolerance}
			c.raw("body", []byte(tt.want), got)
			if d := cmp.Diff(tt.wrong, c.wrong); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestComparisonIsBrief checks that a large answer does not fill the screen.
func TestComparisonIsBrief(t *testing.T) {
	want, got := make([]any, 1000), make([]any, 1000)
	for i := range got {
		got[i] = true
	}
	var c comparison
	c.value("body", want, got)
	if len(c.wrong) != maxWrong {
		t.Errorf("%d differences are told, want %d", len(c.wrong), maxWrong)
	}
}
