package jsondoc

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestJSONText(t *testing.T) {
	for text, want := range map[string]string{
		`"a"`: "a", `""`: "", `"a\"b\\c\/d\n"`: "a\"b\\c/d\n", `"\u00e9\ud83d\ude00"`: "é😀", `"\ud83dx"`: "\uFFFDx", `"\b\f\r\t"`: "\b\f\r\t",
		"\n\t" + `"x"`: "x",
	} {
		if got, err := New([]byte(text)).Text(); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	for want, doc := range map[string]string{
		"byte 0: the file ends where a value belongs": "",
		"byte 1: the file ends where '\"' belongs":    "{",
		"byte 1: found '1' where '\"' belongs":        "{1:2}",
		"byte 4: found '1' where ':' belongs":         `{"a"1}`,
		"byte 6: found '\"' where ',' belongs":        `{"a":1"b":2}`,
		"byte 5: found '}' where a value belongs":     `{"a":}`,
		"byte 3: found ']' where a value belongs":     `[1,]`,
		"nested deeper than 64 levels":                strings.Repeat("[", 250000),
		"the file ends within a string":               `"abc`,
		"byte 3: the file ends within a string":       `"a\`,
		`\q is no escape`:                             `"\q"`,
		`"zz00" is no \u escape`:                      `"\uzz00"`,
		`"nope" is not a value (byte 0)`:              `nope`,
		`"1.2.3" is not a value (byte 1)`:             `[1.2.3]`,
	} {
		d := New([]byte(doc))
		if err := d.Skip(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", doc, err, want)
		}
	}
	for want, doc := range map[string]string{
		`element 1: "NaN" is not an integer (byte 3)`:           `[1,NaN]`,
		`element 0: "1.5" is not an integer (byte 1)`:           `[1.5]`,
		`element 0: byte 1: found '"' where an integer belongs`: `["1"]`,
		"found '{' where '[' belongs":                           `{}`,
	} {
		if _, err := New([]byte(doc)).Ints(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
}

func TestFloat64s(t *testing.T) {
	want := []float64{0.1, -2, 5e-324, 1e300, math.Inf(1)}
	got, err := New([]byte("[0.1, -2,5e-324 ,1E300, Infinity]")).Float64s(nil)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for doc, want := range map[string]string{
		"[1e400]": `"1e400" is not a number (byte 1)`,
		"[01]":    `"01" is not a number (byte 1)`,
		`["1"]`:   "byte 1: found '\"' where a number belongs",
		"[1,":     "byte 3: the file ends where a number belongs",
	} {
		if _, err := New([]byte(doc)).Float64s(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
}
