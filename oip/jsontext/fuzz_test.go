package jsontext

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzSkip compares what is accepted with encoding/json, which differs in three
// ways only: it takes lone surrogates, strings that are not UTF-8, and more
// depth.
func FuzzSkip(f *testing.F) {
	for _, c := range documents {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := check(text)
		valid := json.Valid(text)
		if err == nil && (!valid || !utf8.Valid(text)) {
			t.Fatal("accepted")
		}
		if err == nil || !valid {
			return
		}
		for _, stricter := range []string{"surrogate", "not valid UTF-8", depthMsg} {
			if strings.Contains(err.Error(), stricter) {
				return
			}
		}
		t.Fatal("refused:", err)
	})
}

// FuzzString compares a string's content with encoding/json's, and writes it
// again.
func FuzzString(f *testing.F) {
	for _, c := range documents {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l := Lexer{Data: text}
		got, err := l.ReadString(nil)
		if err != nil {
			return
		}
		var want string
		if err := json.Unmarshal(text[:l.Pos], &want); err != nil || string(got) != want {
			t.Fatalf("got %q, want %q, %v", got, want, err)
		}
		l = Lexer{Data: AppendString(nil, want)}
		if back, err := l.String(); err != nil || back != want || l.End() != nil {
			t.Fatalf("%q reads back as %q, %v", want, back, err)
		}
	})
}

// FuzzParse compares the conversions of tokens with strconv.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"0", "-0.0", "1e-5", "16777217", "9007199254740993", "123456789012345678901234567890",
		"0.1e400", "1e", "01", "1.", "", "-", "Infinity", "0x1p3", "1_000", "3.4028236e38",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 {
			return
		}
		if !json.Valid([]byte(s)) || strings.ContainsAny(s, " \t\r\n\"[]{}tfn") {
			if _, err := ParseFloat32([]byte(s)); err == nil {
				t.Errorf("ParseFloat32 took %q", s)
			}
			if _, err := ParseFloat64([]byte(s)); err == nil {
				t.Errorf("ParseFloat64 took %q", s)
			}
			if _, err := ParseInt64([]byte(s)); err == nil {
				t.Errorf("ParseInt64 took %q", s)
			}
			return
		}
		checkParse(t, s)
		checkInt(t, s)
	})
}

// FuzzWrite compares written floats with encoding/json's.
func FuzzWrite(f *testing.F) {
	f.Add(uint64(0))
	f.Add(math.Float64bits(1e21))
	f.Fuzz(func(t *testing.T, b uint64) {
		if v := math.Float64frombits(b); v-v == 0 {
			checkWrite64(t, v)
		}
		if v := math.Float32frombits(uint32(b)); v-v == 0 {
			checkWrite32(t, v)
		}
	})
}

// FuzzArrays runs every reader of arrays over text: none may panic, what one
// accepts is JSON, and the elements are those of encoding/json.
func FuzzArrays(f *testing.F) {
	for _, text := range []string{
		`[]`, `[1,2]`, `[[1.5,null],[2,-3e-7]]`, `[true,false]`, `["a\n"]`, `[[[]]]`, `[1,[2]]`,
		`[NaN]`, `[-Infinity]`, `[18446744073709551615]`, `[123456789012345678, 0.5]`, `[1 , 2 ]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, read := range arrayReaders {
			l := Lexer{Data: text}
			if err := read(&l); err == nil && !json.Valid(text[:l.Pos]) {
				t.Errorf("%s took %q", name, text[:l.Pos])
			}
			l = Lexer{Data: text, AllowNaN: true}
			_ = read(&l)
		}
		compareFloats(t, text)
		compareNumbers(t, text)
	})
}

func compareFloats(t *testing.T, text []byte) {
	l := Lexer{Data: text}
	d := Dims{}
	got, err := l.Float64s(nil, &d)
	if err != nil {
		return
	}
	var want any
	dec := json.NewDecoder(bytes.NewReader(text[:l.Pos]))
	dec.UseNumber()
	if err := dec.Decode(&want); err != nil {
		t.Fatal(err)
	}
	for i, v := range flatten(nil, want) {
		if n, ok := v.(json.Number); ok {
			f, err := strconv.ParseFloat(n.String(), 64)
			if err != nil || !same64(f, got[i]) {
				t.Fatalf("element %d is %v, want %v, %v", i, got[i], f, err)
			}
		} else if got[i] == got[i] || !d.Null {
			t.Fatalf("element %d is %v, want NaN", i, got[i])
		}
	}
	if n := volume(d.Shape); !d.Ragged && n != len(got) {
		t.Fatalf("%d elements in shape %v", len(got), d.Shape)
	}
}

func flatten(flat []any, v any) []any {
	list, ok := v.([]any)
	if !ok {
		return append(flat, v)
	}
	for _, e := range list {
		flat = flatten(flat, e)
	}
	return flat
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// compareNumbers checks Numbers against the readers of a known type.
func compareNumbers(t *testing.T, text []byte) {
	var n Numeric
	l, other := Lexer{Data: text}, Lexer{Data: text}
	if !l.Numbers(&n) {
		return
	}
	if !n.IsFloat {
		ints, err := other.Int64s(nil, new(Dims))
		if err != nil || len(ints) != len(n.Ints) || volume(n.Shape) != len(ints) {
			t.Fatalf("%d ints, want %d, %v", len(n.Ints), len(ints), err)
		}
		for i := range ints {
			if ints[i] != n.Ints[i] {
				t.Fatalf("element %d is %d, want %d", i, n.Ints[i], ints[i])
			}
		}
		return
	}
	list, err := other.Float64s(nil, new(Dims))
	if err != nil || len(list) != len(n.Floats) || volume(n.Shape) != len(list) {
		t.Fatalf("%d floats, want %d, %v", len(n.Floats), len(list), err)
	}
	for i, v := range list {
		if v != n.Floats[i] && v == v {
			t.Fatalf("element %d is %v, want %v", i, n.Floats[i], v)
		}
	}
}
