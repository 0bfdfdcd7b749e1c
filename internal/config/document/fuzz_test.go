package document

import (
	"regexp"
	"strings"
	"testing"
)

var seeds = []string{
	"", "a: 1\n", "a: &x [1, 2.5, ~]\nb: *x\nc: {<<: {d: 1}}\n", "- |\n  x\n- >-\n  y\n- 'q'\n- \"\\u00e9\"\n",
	"{\"a\": [1, 1e3, \"\\/\", null, true, -Infinity]}", "k: ${N}\nl: $${N}\nm: ${UNSET}\n", "? a\n: b\n", "é: {à: ü}\n",
	"a: !!str 5\nb: !x 1\n", "--- # c\na:\r\n  b: 1\r\n...\n", "{a: 1, b: [x, {c: d}]}", "\ufeffa: 1", "a:\n\tb", "%YAML 1.2\n---\na: 1\n",
}

// FuzzParse checks that no text makes Parse panic, that every place it tells
// is inside the text, and that a plain key stands where it says.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	lookup := func(name string) (string, bool) { return "5", name == "N" }
	f.Fuzz(func(t *testing.T, data []byte, json bool) {
		name := "a.yaml"
		if json {
			name = "a.json"
		}
		n, problems := Parse(name, data, Options{Lookup: lookup})
		if n == nil && len(problems) == 0 {
			t.Fatal("neither a value nor a problem")
		}
		in := newText(data)
		for _, p := range problems {
			if !in.has(p.Pos) {
				t.Errorf("problem %q is at %v, outside the text", p.Msg, p.Pos)
			}
		}
		if n != nil && len(problems) == 0 {
			in.check(t, n)
			n.Value()
		}
	})
}

// textLines knows the lines of a text.
type textLines struct {
	lines [][]rune
	odd   bool // it has breaks that YAML and editors do not count alike
}

func newText(data []byte) textLines {
	s := strings.TrimPrefix(string(data), "\ufeff")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	l := textLines{odd: strings.ContainsAny(s, "\r\u0085\u2028\u2029")}
	for line := range strings.SplitSeq(s, "\n") {
		l.lines = append(l.lines, []rune(line))
	}
	return l
}

// has says whether the place is in the text or just behind a line of it.
func (l textLines) has(p Pos) bool {
	return l.odd || p.Line >= 1 && p.Line <= len(l.lines) && p.Col >= 1 && p.Col <= len(l.lines[p.Line-1])+1
}

func (l textLines) check(t *testing.T, n *Node) {
	if !l.has(n.Pos) {
		t.Errorf("%s is at %v, outside the text", n.Describe(), n.Pos)
	}
	for _, f := range n.Fields {
		if !l.has(f.Pos) {
			t.Errorf("key %q is at %v, outside the text", f.Key, f.Pos)
		}
		if !l.shows(f) {
			t.Errorf("key %q is not at %v", f.Key, f.Pos)
		}
		l.check(t, f.Value)
	}
	for _, item := range n.Items {
		l.check(t, item)
	}
}

var word = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// shows says whether the key stands at its place: looked at are those that are
// written as they are read.
func (l textLines) shows(f Field) bool {
	if l.odd || !word.MatchString(f.Key) || !l.has(f.Pos) {
		return true // the place is checked elsewhere
	}
	rest := string(l.lines[f.Pos.Line-1][f.Pos.Col-1:])
	return rest != "" && strings.ContainsAny(rest[:1], "\"'&*!") || strings.HasPrefix(rest, f.Key)
}
