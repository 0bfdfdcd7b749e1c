package jsontext

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// documents are valid and invalid; bad is part of the error, none for a valid
// one.
var documents = []struct {
	name, text, bad string
}{
	{"null", `null`, ""},
	{"space around", " \t\r\n true \n", ""},
	{"nested", `{"a":[1,{"b":[]},{}],"c":"d"}`, ""},
	{"escapes", `"\"\\\/\b\f\n\r\t\u0041\ud83d\ude00"`, ""},
	{"delete character", "\"\x7f\"", ""},
	{"UTF-8", `"žluťoučký 😀"`, ""},
	{"empty key", `{"":0}`, ""},

	{"empty", ``, "at byte 0: expected a value, found the end of the text"},
	{"only space", `  `, "at byte 2: expected a value"},
	{"two values", `1 2`, "at byte 2: expected the end of the text, found '2'"},
	{"trailing comma in array", `[1,]`, "at byte 3: expected a value, found ']'"},
	{"trailing comma in object", `{"a":1,}`, "at byte 7: expected a key in quotes, found '}'"},
	{"leading comma", `[,1]`, "at byte 1: expected a value, found ','"},
	{"missing comma", `[1 2]`, "at byte 3: expected ',' or ']' after array element, found '2'"},
	{"missing comma in object", `{"a":1 "b":2}`, "at byte 7: expected ',' or '}' after object member"},
	{"missing colon", `{"a" 1}`, "at byte 5: expected ':' after object key, found '1'"},
	{"missing value", `{"a":}`, "at byte 5: expected a value, found '}'"},
	{"number as key", `{1:2}`, "at byte 1: expected a key in quotes, found '1'"},
	{"open array", `[1`, "at byte 2: expected ',' or ']' after array element, found the end"},
	{"open object", `{`, "at byte 1: expected a key in quotes, found the end"},
	{"wrong bracket", `[1}`, "at byte 2: expected ',' or ']'"},
	{"lone closing", `]`, "at byte 0: expected a value, found ']'"},
	{"leading zero", `01`, "at byte 1: expected the end of the text, found '1'"},
	{"leading zero after minus", `-01`, "at byte 2: expected the end of the text"},
	{"plus", `+1`, "at byte 0: expected a value, found '+'"},
	{"lone minus", `-`, "at byte 1: expected a digit after '-', found the end"},
	{"no digit before point", `.5`, "at byte 0: expected a value, found '.'"},
	{"no digit after point", `1.`, "at byte 2: expected a digit after '.', found the end"},
	{"no digit in exponent", `1e+`, "at byte 3: expected a digit in the exponent, found the end"},
	{"hexadecimal", `0x10`, "at byte 1: expected the end of the text, found 'x'"},
	{"NaN", `NaN`, "at byte 0: expected a value, found 'N'"},
	{"half a word", `tru`, "at byte 0: expected true, found 't'"},
	{"word too long", `nulls`, "at byte 4: expected the end of the text, found 's'"},
	{"open string", `"abc`, "at byte 4: string is not closed before the end of the text"},
	{"string ends in backslash", `"abc\`, "at byte 4: invalid escape in a string"},
	{"newline in string", "\"long enough\n\"", "at byte 12: control character in a string"},
	{"NUL in string", "\"\x00\"", "at byte 1: control character in a string"},
	{"unknown escape", `"\x"`, "at byte 1: invalid escape in a string"},
	{"short unicode escape", `"\u12"`, `at byte 1: expected four hexadecimal digits after \u`},
	{"lone high surrogate", `"\ud83d"`, "at byte 1: surrogate without its other half in a string"},
	{"lone low surrogate", `"\ude00"`, "at byte 1: surrogate without its other half"},
	{"two high surrogates", `"\ud83d\ud83d"`, "at byte 1: surrogate without its other half"},
	{"surrogate before other escape", `"\ud83d\n    "`, "at byte 1: surrogate without its other half"},
	{"stray byte", "\"a\xffb\"", "at byte 2: string is not valid UTF-8"},
	{"cut rune", "\"\xf0\x9f\x98\"", "at byte 1: string is not valid UTF-8"},
	{"overlong rune", "\"\xc0\x80\"", "at byte 1: string is not valid UTF-8"},
	{"surrogate in UTF-8", "\"\xed\xa0\x80\"", "at byte 1: string is not valid UTF-8"},
	{"form feed is no space", "\f1", `at byte 0: expected a value, found '\f'`},
	{"NUL", "\x00", `at byte 0: expected a value, found '\x00'`},
	{"byte order mark", "\xef\xbb\xbf1", "at byte 0: expected a value"},
}

func TestSkip(t *testing.T) {
	for _, c := range documents {
		t.Run(c.name, func(t *testing.T) {
			err := check([]byte(c.text))
			if c.bad == "" && err != nil {
				t.Errorf("%s: %v", c.text, err)
			}
			if c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)) {
				t.Errorf("%s: error %v, want %q", c.text, err, c.bad)
			}
		})
	}
}

// check reads one document.
func check(text []byte) error {
	l := Lexer{Data: text}
	if err := l.Skip(); err != nil {
		return err
	}
	return l.End()
}

func TestSyntaxErrorText(t *testing.T) {
	err := check([]byte(`{"data": [1, 2 3]}`))
	const want = "invalid JSON at byte 15: expected ',' or ']' after array element, found '3'"
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 15 || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestSkipValue(t *testing.T) {
	l := Lexer{Data: []byte("[ {\"a\": [1, 2]} , 3]")}
	if _, err := l.ArrayStart(); err != nil {
		t.Fatal(err)
	}
	start, end, err := l.SkipValue()
	if got := string(l.Data[start:end]); got != `{"a": [1, 2]}` || err != nil {
		t.Errorf("span %q, %v", got, err)
	}
	if more, err := l.ArrayNext(); !more || err != nil {
		t.Errorf("no second element: %v", err)
	}
}

func TestDepth(t *testing.T) {
	for _, c := range []struct{ open, close string }{
		{"[", "]"}, {`{"a":`, "}"}, {`[{"a":`, "}]"},
	} {
		each := strings.Count(c.open, "[") + strings.Count(c.open, "{")
		nest := func(depth int) []byte {
			n := depth / each
			return []byte(strings.Repeat(c.open, n) + "1" + strings.Repeat(c.close, n))
		}
		if err := check(nest(MaxDepth)); err != nil {
			t.Errorf("%d levels of %s: %v", MaxDepth, c.open, err)
		}
		wantDepthError(t, check(nest(MaxDepth+2)))
	}
}

func wantDepthError(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "JSON nesting depth exceeds 100") {
		t.Errorf("error %v, want one about depth", err)
	}
}

// TestDeepNesting feeds 250,000 nested arrays to everything that follows nesting.
func TestDeepNesting(t *testing.T) {
	deep := []byte(strings.Repeat("[", 250_000))
	start := time.Now()
	for range 1000 {
		for _, read := range arrayReaders {
			l := Lexer{Data: deep}
			wantDepthError(t, read(&l))
		}
		wantDepthError(t, check(deep))
		if l := (Lexer{Data: deep}); l.Numbers(new(Numeric)) || l.Pos != 0 {
			t.Fatal("Numbers took nested arrays")
		}
	}
	t.Log("8000 documents took", time.Since(start))
}

// arrayReaders are all readers of arrays whose element type is given.
var arrayReaders = map[string]func(l *Lexer) error{
	"Float32s": func(l *Lexer) error { _, err := l.Float32s(nil, new(Dims)); return err },
	"Float64s": func(l *Lexer) error { _, err := l.Float64s(nil, new(Dims)); return err },
	"Int64s":   func(l *Lexer) error { _, err := l.Int64s(nil, new(Dims)); return err },
	"Uint64s":  func(l *Lexer) error { _, err := l.Uint64s(nil, new(Dims)); return err },
	"Bools":    func(l *Lexer) error { _, err := l.Bools(nil, new(Dims)); return err },
	"Strings":  func(l *Lexer) error { _, err := l.Strings(nil, new(Dims)); return err },
}

// TestDepthCountsWhatIsAround has an array reader inside other containers.
func TestDepthCountsWhatIsAround(t *testing.T) {
	for _, levels := range []int{MaxDepth, MaxDepth + 1} {
		text := `{"a":` + strings.Repeat("[", levels-1) + "1" + strings.Repeat("]", levels-1) + "}"
		l := Lexer{Data: []byte(text)}
		if more, err := l.ObjectStart(); !more || err != nil {
			t.Fatal(err)
		}
		if _, err := l.ReadKey(nil); err != nil {
			t.Fatal(err)
		}
		_, err := l.Float32s(nil, new(Dims))
		if levels > MaxDepth {
			wantDepthError(t, err)
		} else if err != nil {
			t.Error(err)
		}
	}
}

func TestWalk(t *testing.T) {
	l := Lexer{Data: []byte(` { "a" : [ 1 , [ ] , 2 ] , "b\n" : true , "c" : { } , "d" : null } `)}
	var got []string
	more, err := l.ObjectStart()
	for more {
		var key []byte
		if key, err = l.ReadKey(nil); err != nil {
			break
		}
		got = append(got, string(key)+" "+l.Kind().String())
		if err = l.Skip(); err != nil {
			break
		}
		more, err = l.ObjectNext()
	}
	if err != nil || l.End() != nil {
		t.Fatal(err, l.End())
	}
	if got, want := strings.Join(got, ","), "a array,b\n boolean,c object,d null"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestScalars(t *testing.T) {
	l := Lexer{Data: []byte(`[true, false, null, "x\ty", 12, 1e3]`)}
	check := func(ok bool, err error) {
		t.Helper()
		if !ok || err != nil {
			t.Fatal("at byte", l.Pos, err)
		}
	}
	check(true, l.Expect('['))
	b, err := l.Bool()
	check(b, err)
	check(true, l.Expect(','))
	b, err = l.Bool()
	check(!b, err)
	check(true, l.Expect(','))
	check(l.Null() && !l.Null(), l.Expect(','))
	s, err := l.String()
	check(s == "x\ty", err)
	check(true, l.Expect(','))
	tok, isInt, err := l.Number()
	check(string(tok) == "12" && isInt, err)
	check(true, l.Expect(','))
	tok, isInt, err = l.Number()
	check(string(tok) == "1e3" && !isInt, err)
	check(true, l.Expect(']'))
	check(l.Expect(']') != nil, l.End())
}

func TestReadString(t *testing.T) {
	for _, text := range []string{
		`""`, `"plain"`, `"exactly8"`, `"\u0000\u001f"`, `"a\"b\\c\/d\be\ff\ng\rh\ti"`,
		`"\u00e9\u4e2d\uFFFF"`, `"\ud83d\ude00 and more"`, `"ž\u017eé😀"`, `"\\\\"`, `"tail\\"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		l := Lexer{Data: []byte(text)}
		got, err := l.ReadString([]byte("buf:"))
		if strings.Contains(text, `\`) {
			want = "buf:" + want
		}
		if string(got) != want || err != nil || l.Pos != len(text) {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}

// TestStringStops has every kind of byte that ends plain text at all places in
// words of eight.
func TestStringStops(t *testing.T) {
	for before := range 20 {
		for stop, bad := range map[string]bool{
			"\n": true, "\x00": true, "\x1f": true, "\xff": true, `\x`: true,
			`\n`: false, "é": false, " ": false, "!": false, "#": false, "[": false, "]": false, "\x7f": false,
		} {
			content := strings.Repeat("a", before) + stop + strings.Repeat("b", 20)
			l := Lexer{Data: []byte(`"` + content + `"`)}
			err := l.Skip()
			var syntax *SyntaxError
			if bad && (!errors.As(err, &syntax) || syntax.Offset != before+1) || !bad && err != nil {
				t.Errorf("%q: %v", content, err)
			}
			if ends := l.Pos == len(l.Data); !bad && !ends {
				t.Errorf("%q: cursor at %d", content, l.Pos)
			}
		}
	}
}

// TestManySiblings has more containers than may be nested, side by side.
func TestManySiblings(t *testing.T) {
	text := []byte("[" + strings.Repeat(`[1],{"a":1},[],{},`, 2*MaxDepth) + "0]")
	if err := check(text); err != nil {
		t.Error(err)
	}
	l := Lexer{Data: text}
	more, err := l.ArrayStart()
	for more && err == nil {
		if err = l.Skip(); err == nil {
			more, err = l.ArrayNext()
		}
	}
	if err != nil {
		t.Error(err)
	}
}
