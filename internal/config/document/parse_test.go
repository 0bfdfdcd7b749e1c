package document

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/leat-ml/leat/serve"
)

// told are the problems as messages tell them.
func told(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%d:%d: %s", p.Pos.Line, p.Pos.Col, p.Msg))
	}
	return out
}

func TestValues(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             any
	}{
		{"empty", "a.yaml", "", nil},
		{"comment only", "a.yaml", "# nothing\n", nil},
		{"plain words", "a.yaml", "[yes, no, on, off, y, N]", []any{"yes", "no", "on", "off", "y", "N"}},
		{"booleans", "a.yaml", "- true\n- False\n- TRUE\n- \"true\"\n", []any{true, false, true, "true"}},
		{"nulls", "a.yaml", "- ~\n- null\n-\n- ''\n", []any{nil, nil, nil, ""}},
		{"whole numbers", "a.yaml", "- 5\n- -7\n- +7\n- 010\n- 0o17\n- 0x1F\n", []any{int64(5), int64(-7), int64(7), int64(10), int64(15), int64(31)}},
		{"the largest", "a.yaml", "- 9223372036854775807\n- -9223372036854775808\n", []any{int64(math.MaxInt64), int64(math.MinInt64)}},
		{"beyond int64", "a.yaml", "- 9223372036854775808\n- -00012345678901234567890\n", []any{serve.Number("9223372036854775808"), serve.Number("-12345678901234567890")}},
		{"numbers", "a.yaml", "- 1e3\n- .5\n- 1.\n- -2.5E-3\n- .inf\n- -.Inf\n- .nan\n", []any{1000.0, .5, 1.0, -.0025, math.Inf(1), math.Inf(-1), math.NaN()}},
		{"not numbers", "a.yaml", "- 1_000\n- 12:30\n- 2024-01-01\n- 1e\n- 0b1\n- --1\n- .\n- +.infx\n", []any{"1_000", "12:30", "2024-01-01", "1e", "0b1", "--1", ".", "+.infx"}},
		{"blocks", "a.yaml", "a: |\n  one\n  two\nb: >-\n  one\n  two\n", map[string]any{"a": "one\ntwo\n", "b": "one two"}},
		{"quotes", "a.yaml", `{a: 'it''s', b: "\u00e9\n"}`, map[string]any{"a": "it's", "b": "é\n"}},
		{"tagged text", "a.yaml", "a: !!str 5\n", map[string]any{"a": "5"}},
		{"keys are text", "a.yaml", "1: a\ntrue: b\n? c\n: d\n", map[string]any{"1": "a", "true": "b", "c": "d"}},
		{"alias", "a.yaml", "a: &x {k: [1]}\nb: *x\n", map[string]any{"a": map[string]any{"k": []any{int64(1)}}, "b": map[string]any{"k": []any{int64(1)}}}},
		{"alias as key", "a.yaml", "a: &x k\n*x : 1\n", map[string]any{"a": "k", "k": int64(1)}},
		{"merge", "a.yaml", "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n", map[string]any{
			"a": map[string]any{"k": int64(1), "l": int64(2)}, "b": map[string]any{"k": int64(3), "l": int64(2)},
		}},
		{"merge of several", "a.yaml", "x: {<<: [{k: 1}, {k: 2, l: 3}]}", map[string]any{"x": map[string]any{"k": int64(1), "l": int64(3)}}},
		{"merge in quotes", "a.yaml", `"<<": 1`, map[string]any{"<<": int64(1)}},
		{"one document with marks", "a.yaml", "---\na: 1\n...\n", map[string]any{"a": int64(1)}},
		{"BOM", "a.yaml", "\ufeffa: 1\n", map[string]any{"a": int64(1)}},
		{"CRLF", "a.yaml", "a: 1\r\nb: x\r\n", map[string]any{"a": int64(1), "b": "x"}},

		{"JSON with tabs", "a.json", "{\n\t\"a\":\t[1,\t2]\n}", map[string]any{"a": []any{int64(1), int64(2)}}},
		{"JSON in a YAML file", "a.yaml", "{\n\t\"a\": \"\\/\"\n}", map[string]any{"a": "/"}},
		{"JSON without extension", "SERVING_SPEC_ENV", ` {"a": "\ud83d\ude00\u00e9"}`, map[string]any{"a": "😀é"}},
		{"JSON numbers", "a.json", "[0, -0, 1e3, 1.5, 12345678901234567890, -1E-2, 1e-400]", []any{int64(0), int64(0), 1000.0, 1.5, serve.Number("12345678901234567890"), -.01, 0.0}},
		{"floats of Python", "a.json", "[NaN, Infinity, -Infinity]", []any{math.NaN(), math.Inf(1), math.Inf(-1)}},
		{"JSON words", "a.json", `[true, false, null, "~", "1", ""]`, []any{true, false, nil, "~", "1", ""}},
		{"JSON merge key is a key", "a.json", `{"<<": 1}`, map[string]any{"<<": int64(1)}},
		{"flow mapping of YAML", "a.yaml", "{a: 1, b: c}", map[string]any{"a": int64(1), "b": "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, problems := Parse(tt.file, []byte(tt.text), Options{})
			if len(problems) > 0 {
				t.Fatalf("problems: %q", told(problems))
			}
			if diff := cmp.Diff(tt.want, n.Value(), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	tests := []struct {
		name, file, text string
		want             []string
	}{
		{"tab", "a.yaml", "a:\n\tb: 1\n", []string{"2:1: not YAML: a tab cannot indent, use spaces"}},
		{"tab behind other letters", "a.yaml", "é: ü\na:\n\té: 1\n", []string{"3:1: not YAML: a tab cannot indent, use spaces"}},
		{"colon", "a.yaml", "a: b: c\n", []string{"1:5: not YAML: mapping values are not allowed in this context"}},
		{"open list", "a.yaml", "a: [1, 2\nb: c\n", []string{"2:2: not YAML: did not find expected ',' or ']' while parsing a flow sequence"}},
		{"reserved", "a.yaml", "é: x\nc: @x\n", []string{"2:4: not YAML: found character that cannot start any token while scanning for the next token"}},
		{"escape", "a.yaml", `a: "\q"`, []string{"1:5: not YAML: found unknown escape character while scanning a quoted scalar"}},
		{"twice", "a.yaml", "a: 1\nb: {é: 1, c: 2, é: 3}\na: 2\n", []string{
			`2:17: key "é" is there twice, first in line 2 column 5`, `3:1: key "a" is there twice, first in line 1 column 1`,
		}},
		{"two documents", "a.yaml", "a: 1\n---\nb: 2\n", []string{"2:1: a second document begins here; one is expected"}},
		{"not UTF-8", "a.yaml", "a: é\nb: \xff\n", []string{"2:4: not YAML: the text is not valid UTF-8"}},
		{"UTF-16", "a.yaml", "\xff\xfea\x00", []string{"1:1: not YAML: the text is not valid UTF-8"}},
		{"control character", "a.yaml", "a: é\x01\n", []string{"1:5: not YAML: character U+0001"}},
		{"no character", "a.yaml", "a: é\uffff\n", []string{"1:5: not YAML: character U+FFFF"}},
		{"tags", "a.yaml", "a: !!binary aGk=\nb: !Foo {}\nc: !!python/none x\nd: !!set {a}\n", []string{
			"1:4: tag !!binary is not supported", "2:4: tag !Foo is not supported",
			"3:4: tag !!python/none is not supported", "4:4: tag !!set is not supported",
		}},
		{"keys that are no text", "a.yaml", "[1]: a\n{b: c}: d\n: e\n", []string{"1:1: a key must be text", "2:1: a key must be text", "3:1: a key must be text"}},
		{"unknown alias", "a.yaml", "a: *b\n", []string{"1:4: not YAML: unknown anchor 'b' referenced"}},
		{"alias in itself", "a.yaml", "a: &a\n  b: *a\n", []string{"2:6: alias *a stands inside what it stands for"}},
		{"merge of text", "a.yaml", "a:\n  <<: x\n", []string{"2:3: << takes a mapping or a list of mappings, found \"x\""}},
		{"range", "a.yaml", "- 1e999\n- 0xFFFFFFFFFFFFFFFFFF\n", []string{"1:3: number 1e999 is out of range", "2:3: number 0xFFFFFFFFFFFFFFFFFF is out of range"}},

		{"JSON ends", "a.json", "{\"a\":\n [1,", []string{"2:5: not JSON: expected a value, found the end of the text"}},
		{"JSON comma", "a.json", "{\"é\": 1,}", []string{"1:9: not JSON: expected a key in quotes, found '}'"}},
		{"JSON more", "a.json", "{}\n{}", []string{"2:1: not JSON: expected the end of the text, found '{'"}},
		{"JSON twice", "a.json", "{\"a\": 1,\n \"\\u0061\": 2}", []string{`2:2: key "a" is there twice, first in line 1 column 2`}},
		{"JSON range", "a.json", "[1, 1e999]", []string{"1:5: number 1e999 is out of range"}},
		{"JSON surrogate", "a.json", `["\ud800"]`, []string{"1:3: not JSON: surrogate without its other half in a string"}},
		{"JSON leading zero", "a.json", `[010]`, []string{"1:3: not JSON: expected ',' or ']' after array element, found '1'"}},
		{"JSON empty", "a.json", "", []string{"1:1: not JSON: expected a value, found the end of the text"}},
		{"YAML is not JSON", "a.json", "a: 1", []string{"1:1: not JSON: expected a value, found 'a'"}},
		{"neither", "a.yaml", "{a: }}", []string{"1:6: not YAML: did not find expected <document start>"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Parse(tt.file, []byte(tt.text), Options{})
			if diff := cmp.Diff(tt.want, told(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	env := map[string]string{"HOME": "/root", "N": "5", "EMPTY": "", "YAML": "{a: 1}", "AGAIN": "${N}", "_x1": "y"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	tests := []struct {
		text string
		want any
	}{
		{"${HOME}/models", "/root/models"},
		{"${N}", int64(5)},
		{"${N}${N}", int64(55)},
		{`"${N}"`, "5"},
		{`'${N}'`, "5"},
		{"!!str ${N}", "5"},
		{"${EMPTY}", nil},
		{`"${EMPTY}"`, ""},
		{"${YAML}", "{a: 1}"},
		{"${AGAIN}", "${N}"},
		{"$${N}", "${N}"},
		{"$$${N}", "$${N}"},
		{"a$b $$ $ ${_x1}", "a$b $$ $ y"},
		{"|\n  a ${N}\n  $remote", "a 5\n$remote"},
		{`{"k": "${N}"}`, map[string]any{"k": "5"}},
		{`{"${N}": "$${N}"}`, map[string]any{"${N}": "${N}"}},
		{"[&a x, *a]", []any{"x", "x"}},
		{"- &a $${N}\n- *a", []any{"${N}", "${N}"}},
	}
	for _, tt := range tests {
		n, problems := Parse("a.yaml", []byte(tt.text), Options{Lookup: lookup})
		if len(problems) > 0 {
			t.Errorf("%s: %q", tt.text, told(problems))
		} else if diff := cmp.Diff(tt.want, n.Value()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestVariableProblems(t *testing.T) {
	big := strings.Repeat("x", 1<<19)
	lookup := func(name string) (string, bool) { return big, name == "BIG" }
	tests := []struct {
		text  string
		want  []string
		loose string // what it is with Loose
	}{
		{"a: x ${UNSET}", []string{"1:4: variable UNSET is not set"}, "x ${UNSET}"},
		{`{"a": "${UNSET}"}`, []string{"1:7: variable UNSET is not set"}, "${UNSET}"},
		{"a: ${A B}", []string{"1:4: after ${ comes the name of a variable and }; write $${ for the text ${"}, "${A B}"},
		{"a: ${", []string{"1:4: after ${ comes the name of a variable and }; write $${ for the text ${"}, "${"},
		{"a: ${1}", []string{"1:4: after ${ comes the name of a variable and }; write $${ for the text ${"}, "${1}"},
		{"a: ${A:-b}", []string{"1:4: after ${ comes the name of a variable and }; write $${ for the text ${"}, "${A:-b}"},
	}
	for _, tt := range tests {
		_, problems := Parse("a.yaml", []byte(tt.text), Options{Lookup: lookup})
		if diff := cmp.Diff(tt.want, told(problems)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
		n, problems := Parse("a.yaml", []byte(tt.text), Options{Lookup: lookup, Loose: true})
		if len(problems) > 0 || n.Field("a").Value.Text != tt.loose {
			t.Errorf("%s, loose: %v, %q", tt.text, n.Value(), told(problems))
		}
	}
	_, problems := Parse("a.yaml", []byte("[\"${BIG}\", \"${BIG}\", \"${BIG}\"]"), Options{Lookup: lookup})
	if diff := cmp.Diff([]string{"1:22: the variables up to here add more than 1 MiB"}, told(problems)); diff != "" {
		t.Errorf("too much (-want +got):\n%s", diff)
	}
}

func TestPositions(t *testing.T) {
	text := "graph: # é\n  kind: router\n  \"cläss\": {é: 1, b: [x,\n    y]}\n  s: |\n    text\n  n:\n  l:\n  - a\n  -  b: 1\n     c: *x\n"
	text = "x: &x v\n" + text
	want := []string{
		"x 1:1 = 1:4", "graph 2:1 = 3:3", "kind 3:3 = 3:9", "cläss 4:3 = 4:12", "é 4:13 = 4:16", "b 4:19 = 4:22",
		"[0] 4:23", "[1] 5:5", "s 6:3 = 6:6", "n 8:3 = 8:5", "l 9:3 = 10:3", "[0] 10:5", "[1] 11:6", "b 11:6 = 11:9", "c 12:6 = 1:4",
	}
	n, problems := Parse("a.yaml", []byte(text), Options{})
	if len(problems) > 0 {
		t.Fatal(told(problems))
	}
	var got []string
	var walk func(n *Node)
	walk = func(n *Node) {
		for _, f := range n.Fields {
			got = append(got, fmt.Sprintf("%s %d:%d = %d:%d", f.Key, f.Pos.Line, f.Pos.Col, f.Value.Pos.Line, f.Value.Pos.Col))
			walk(f.Value)
		}
		for i, item := range n.Items {
			got = append(got, fmt.Sprintf("[%d] %d:%d", i, item.Pos.Line, item.Pos.Col))
			walk(item)
		}
	}
	walk(n)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestDescribe(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "a mapping", "[]": "a list", "~": "nothing", "5": "5", "0x1f": "0x1f", "true": "true", "abc": `"abc"`, "'5'": `"5"`,
		strings.Repeat("é", 50): `"` + strings.Repeat("é", 40) + `"…`,
	} {
		n, _ := Parse("a.yaml", []byte(text), Options{})
		if got := n.Describe(); got != want {
			t.Errorf("%s is described as %s, want %s", text, got, want)
		}
	}
}

func TestEmpty(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "~": true, "''": true, "[]": true, "{}": true, "false": true,
		"0": false, "x": false, "[~]": false, "{a: }": false, "true": false,
	} {
		n, _ := Parse("a.yaml", []byte(text), Options{})
		if got := n.Empty(); got != want {
			t.Errorf("Empty of %q is %v, want %v", text, got, want)
		}
	}
}
