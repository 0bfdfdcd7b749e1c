package document

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// laughs is a document whose aliases multiply.
func laughs(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return b.String()
}

// mergedLaughs is one whose merge keys do.
func mergedLaughs(levels int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 {k: x}\n")
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, "a%[1]d: &a%[1]d {<<: *a%[2]d, x%[1]d: *a%[2]d, y%[1]d: *a%[2]d, z%[1]d: *a%[2]d}\n", i, i-1)
	}
	return b.String()
}

func chain(links int) string {
	var b strings.Builder
	b.WriteString("- &a0 [x]\n")
	for i := 1; i <= links; i++ {
		fmt.Fprintf(&b, "- &a%d [*a%d]\n", i, i-1)
	}
	return b.String()
}

func TestHostile(t *testing.T) {
	const deep = "not YAML: nested more than 100 deep"
	tests := []struct {
		name, file, text string
		want             string // is the end of the first problem; "" if none
	}{
		{"flow lists", "a.yaml", "a: " + strings.Repeat("[", 210_000), deep},
		{"flow mappings", "a.yaml", strings.Repeat("a: {", 210_000), deep},
		{"lists in a line", "a.yaml", strings.Repeat("- ", 210_000), deep},
		{"keys in a line", "a.yaml", strings.Repeat("? ", 210_000), deep},
		{"JSON arrays", "a.json", strings.Repeat("[", 210_000), "JSON nesting depth exceeds 100"},
		{"JSON objects", "a.json", strings.Repeat(`{"a":`, 210_000), "JSON nesting depth exceeds 100"},
		{"laughs", "a.yaml", laughs(9), "the aliases up to here stand for more than 10000 values"},
		{"laughs by merging", "a.yaml", mergedLaughs(9), "the aliases up to here stand for more than 10000 values"},
		{"long chain", "a.yaml", chain(2_000), "the aliases up to here stand for more than 10000 values"},
		{"many aliases", "a.yaml", "- &a [x]\n" + strings.Repeat("- *a\n", 20_000), "the aliases up to here stand for more than 10000 values"},
		{"a few aliases", "a.yaml", laughs(2), ""},
		{"many keys", "a.json", "{" + many(`"k%d":1,`, 20_000) + `"z":1}`, ""},
		{"many keys in YAML", "a.yaml", many("k%d: 1\n", 20_000), ""},
		{"one key", "a.yaml", strings.Repeat("k: 1\n", 20_000), `key "k" is there twice, first in line 1 column 1`},
		{"flow items", "a.yaml", "a: [" + strings.Repeat("1,", 100_000) + "]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if _, problems := Parse(tt.file, []byte(tt.text), Options{}); len(problems) > 0 {
				got = problems[0].Msg
			}
			if !strings.HasSuffix(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("problem %q, want %q", got, tt.want)
			}
		})
	}
}

func many(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// The tree of a document takes memory in proportion to the text.
func TestMemory(t *testing.T) {
	const limit = 220 // bytes for each of the text, the shortest values being two long
	for name, text := range map[string]string{
		"items":      strings.Repeat("- 1\n", 20_000),
		"flow items": "a: [" + strings.Repeat("1,", 40_000) + "]",
		"keys":       many("k%d: 1\n", 10_000),
		"aliases":    laughs(9),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Parse("a.yaml", []byte(text), Options{})
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(len(text)*limit+1<<20); got > most {
			t.Errorf("%s: %d bytes allocated for a text of %d, want at most %d", name, got, len(text), most)
		}
	}
}
