package record

import (
	"bytes"
	"strings"
	"testing"
)

func TestDigits(t *testing.T) {
	numbers := "0.038,1, 0.0617,-0.0442,17.25"
	for _, tt := range []struct {
		name, text string
		most       int // bytes that it takes
	}{
		{"nothing", "", 1},
		{"short", "1,2", 5},
		{"numbers", numbers, 1 + 4*3 + 1 + 5 + 1},
		{"a request", `{"inputs":[[` + numbers + `]]}`, 1 + 12 + 1 + 4*3 + 1 + 8 + 1},
		{"words", strings.Repeat("words and others ", 40), 2 + 17*40 + 1},
		{"between words", strings.Repeat("a 12345678 b", 40), 2 + 12*40 + 1},
		{"more than a segment", strings.Repeat("1234567.", 100), 2 + 4*100 + 1},
		{"all characters", allBytes(), 2 + 256 + 1},
	} {
		got := appendDigits(nil, []byte(tt.text))
		if len(got) > tt.most {
			t.Errorf("%s: %d bytes, want at most %d", tt.name, len(got), tt.most)
		}
		if back := undigits(t, got); back != tt.text {
			t.Errorf("%s: came back as %q", tt.name, back)
		}
	}
}

// allBytes has every byte, between what can be packed.
func allBytes() string {
	var b []byte
	for c := range 256 {
		b = append(b, byte(c))
	}
	return string(b)
}

func undigits(t testing.TB, packed []byte) string {
	t.Helper()
	c := cursor{rest: packed}
	text := c.digits(nil)
	if c.bad || len(c.rest) > 0 {
		t.Fatalf("%q cannot be read", packed)
	}
	return string(text)
}

func TestDigitsDamaged(t *testing.T) {
	for name, text := range map[string][]byte{
		"nothing": {}, "no end": {4, 'a', 'b'}, "cut plain": {4, 'a'}, "cut words": {3, 1, 2, 3}, "too long": {0xff, 0xff, 3},
	} {
		c := cursor{rest: text}
		if c.digits(nil); !c.bad {
			t.Errorf("%s: read", name)
		}
	}
}

// FuzzDigits has every text come back, also where each place of eight characters has
// one that cannot be packed, and reads what is no packed text.
func FuzzDigits(f *testing.F) {
	for _, text := range []string{"", "12345678", `{"inputs": [[1.5, -2, 3e-05]]}`, allBytes()} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for shift := range 8 {
			padded := append(bytes.Repeat([]byte("7"), shift+9), text...)
			if back := undigits(t, appendDigits(nil, padded)); back != string(padded) {
				t.Fatalf("%q came back as %q", padded, back)
			}
		}
		c := cursor{rest: text}
		if out := c.digits(nil); len(out) > 2*len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(out))
		}
	})
}
