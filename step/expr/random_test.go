package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A gardener grows random expressions that mostly make sense.
type gardener struct {
	*rand.Rand
	names []string
}

func (g *gardener) pick(list ...string) string { return list[g.IntN(len(list))] }

// leaf is a literal or a variable.
func (g *gardener) leaf() string {
	switch g.IntN(8) {
	case 0:
		return fmt.Sprint(g.IntN(12) - 4)
	case 1:
		return g.pick("0.5", "2.0", "-1.25", "1e3", "0.1", "3.0", "1e-5")
	case 2:
		return g.pick("'a'", "'x'", `"it's"`, "''", "'Zb c'", "'12'")
	case 3:
		return g.pick("None", "True", "False")
	case 4:
		return g.pick("event['x']", "event['y']['z']", "event['inputs']", "event['s']", "event['n']")
	}
	return g.pick(g.names...)
}

// tree is an expression of that depth at most.
func (g *gardener) tree(depth int) string {
	if depth == 0 {
		return g.leaf()
	}
	a, b := g.tree(depth-1), g.tree(g.IntN(depth))
	switch g.IntN(16) {
	case 0, 1, 2:
		return fmt.Sprintf("(%s %s %s)", a, g.pick("+", "-", "*", "/", "//", "%"), b)
	case 3, 4:
		return fmt.Sprintf("(%s %s %s)", a, g.pick("<", "<=", ">", ">=", "==", "!=", "in", "not in"), b)
	case 5:
		return fmt.Sprintf("(%s %s %s %s %s)", a, g.pick("<", "=="), b, g.pick("<=", "!="), g.leaf())
	case 6:
		return fmt.Sprintf("(%s %s %s)", a, g.pick("and", "or"), b)
	case 7:
		return g.pick("not ", "-", "+", "~") + "(" + a + ")"
	case 8:
		return fmt.Sprintf("(%s if %s else %s)", a, b, g.leaf())
	case 9:
		return fmt.Sprintf("%s[%s]", g.closed(a), g.pick(b, "0", "-1", "1:", ":2", "::-1", "'x'"))
	case 10:
		return fmt.Sprintf("%s(%s)", g.pick("len", "str", "int", "float", "bool", "abs", "min", "max", "sum", "round", "sorted", "list", "repr", "any", "all"), a)
	case 11:
		return g.pick(fmt.Sprintf("[%s, %s]", a, b), fmt.Sprintf("(%s, %s)", a, b), fmt.Sprintf("{'k': %s, %s: 2}", a, b))
	case 12:
		return g.comprehension(depth, a)
	case 13:
		return g.closed(a) + g.pick(".upper()", ".strip()", ".get('x')", ".get('q', 1)", ".split()", ".startswith('a')", ".count(1)", ".replace('a', 'bc')")
	case 14:
		return fmt.Sprintf("(%s %s %s)", a, g.pick("|", "&", "^"), b)
	}
	return fmt.Sprintf("f'{%s}'", strings.NewReplacer("'", `"`, `"`, `"`).Replace(g.closed(g.names[0])))
}

func (g *gardener) closed(x string) string { return "(" + x + ")" }

func (g *gardener) comprehension(depth int, list string) string {
	v := fmt.Sprintf("v%d", len(g.names))
	g.names = append(g.names, v)
	body := g.tree(g.IntN(depth))
	cond := ""
	if g.IntN(2) == 0 {
		cond = " if " + g.tree(g.IntN(depth))
	}
	g.names = g.names[:len(g.names)-1]
	return fmt.Sprintf("[%s for %s in %s%s]", body, v, list, cond)
}

// TestRandomAgainstPython compares random expressions with Python's answers.
func TestRandomAgainstPython(t *testing.T) {
	n := 6000
	if testing.Short() {
		n = 600
	}
	g := &gardener{Rand: rand.New(rand.NewPCG(1, 2)), names: []string{"event"}}
	var cases []comparison
	for range n {
		x := g.tree(1 + g.IntN(4))
		cases = append(cases, comparison{x, json.RawMessage(events[g.IntN(len(events))])})
	}
	theirs, version := askPython(t, cases)
	values := 0
	for i, c := range cases {
		ours := ask(t, c)
		if ours.Value != nil {
			values++
		}
		agree(t, c, ours, theirs[i], version)
	}
	t.Logf("%d of %d expressions have a value", values, n)
}

// values and texts are what formats and methods are tried with.
var (
	sampleNumbers = []string{"0", "1", "-7", "255", "1234567", "-98765", "9223372036854775807", "0.0", "-0.0", "0.5", "2.5", "-1.005", "1e-7", "123456.789", "1e15", "1e16", "1.5e300", "5e-324", "float('inf')", "float('-inf')", "float('nan')", "True", "99999.5", "0.000123456", "1e22", "0.1"}
	sampleTexts   = []string{"''", "'a'", "'abc'", "' a  b c '", `'\t x\n'`, "'aXbXc'", "'ÄÖ ü'", "'aaa'", "'12'", "'-3.5'", "'0x1f'", "'1_0'", "'NaN'", "'x,y,,z'", "'\\u3000wide\\x1f'", "'MiXed Case'"}
)

// spec is a random format.
func (g *gardener) spec() string {
	s := g.pick("", "", "", "<", ">", "^", "=", "*<", "0>", "é^", "_=")
	s += g.pick("", "", "", "+", "-", " ")
	s += g.pick("", "", "0")
	s += g.pick("", "", "1", "7", "12", "20")
	s += g.pick("", "", "", ",")
	s += g.pick("", "", ".0", ".1", ".3", ".10", ".17")
	return s + g.pick("", "", "s", "d", "f", "F", "e", "E", "g", "G", "%", "x", "X", "b", "o")
}

// TestFormatsAgainstPython tries formats, roundings, conversions and methods of
// strings with arguments that are at their edges.
func TestFormatsAgainstPython(t *testing.T) {
	n := 1500
	if testing.Short() {
		n = 300
	}
	g := &gardener{Rand: rand.New(rand.NewPCG(3, 4))}
	var cases []comparison
	add := func(format string, a ...any) {
		cases = append(cases, comparison{fmt.Sprintf(format, a...), json.RawMessage("null")})
	}
	for range n {
		v, s := g.pick(sampleNumbers...), g.pick(sampleTexts...)
		add(`f"{%s:%s}"`, strings.ReplaceAll(v, `"`, "'"), g.spec())
		add(`f"{%s:%s}"`, g.pick("'abc'", "''", "'wört'"), g.spec())
		add("round(%s, %d)", v, g.IntN(24)-6)
		add("%s(%s)", g.pick("int", "float", "round", "abs", "str", "bool", "len"), g.pick(v, s))
		add("int(%s, %d)", s, g.IntN(40)-1)
		add("%s %s %s", v, g.pick("//", "%", "/", "**", "<", "==", "+", "*", "-"), g.pick("2", "-3", "0.5", "-2.5", "1e-3", "7", "True"))
		add("%v ** %v", math.Ldexp(g.Float64()+0.5, g.IntN(40)-20), (g.Float64()-0.5)*math.Ldexp(1, g.IntN(8)))
		add("%s.%s()", s, g.pick("strip", "split", "upper", "lower", "title", "capitalize", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "rsplit"))
		add("%s.%s(%s)", s, g.pick("strip", "lstrip", "split", "rsplit", "find", "rfind", "count", "startswith", "replace", "index", "zfill", "removeprefix", "join"), g.pick("'a'", "'X'", "''", "','", "' '", "None", "3", "'a', 1", "'a', 'bb'", "None, 1", "',', 1", "'', '-'", "'a', 'b', 1", "['x', 'y']"))
		add("%s[%s:%s:%s]", s, g.pick("", "1", "-2", "9"), g.pick("", "2", "-1", "-9"), g.pick("", "1", "2", "-1", "-2"))
	}
	theirs, version := askPython(t, cases)
	for i, c := range cases {
		agree(t, c, ask(t, c), theirs[i], version)
	}
}
