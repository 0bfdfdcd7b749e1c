package jsontext

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFewNumbers wants short arrays to be read as Numbers reads them, or not at
// all.
func TestFewNumbers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	numbers := []string{"5.1", "3", "-1.5e3", "0", "-0", "-0.0", "1e400", "9007199254740993", "9223372036854775808", "-9223372036854775807", "0.1234567890123456789", "null", "NaN", "01", "1.", "\"1\"", "1e-7", "12345678"}
	few := 0
	for range 20000 {
		n := rnd.IntN(10)
		elems := make([]string, n)
		for i := range elems {
			if elems[i] = numbers[rnd.IntN(len(numbers))]; rnd.IntN(2) > 0 {
				elems[i] = numbers[rnd.IntN(3)]
			}
		}
		text := "[" + strings.Join(elems, []string{",", ", ", " ,"}[rnd.IntN(3)]) + "]"
		if rnd.IntN(2) > 0 {
			text = "[" + text + []string{"]", " ]", ",[1]]", ""}[min(3, rnd.IntN(12)/3)]
		}
		text += []string{"", "}", strings.Repeat(" ", 60)}[rnd.IntN(3)]
		if checkFew(t, text) {
			few++
		}
	}
	if few < 2000 {
		t.Errorf("only %d arrays were read", few)
	}
}

func checkFew(t *testing.T, text string) bool {
	t.Helper()
	short, long := Lexer{Data: []byte(text)}, Lexer{Data: []byte(text)}
	var words [8]uint64
	f, ok := short.FewNumbers(words[:])
	if !ok {
		if short.Pos != 0 {
			t.Fatalf("%s: the cursor moved to %d", text, short.Pos)
		}
		return false
	}
	var n Numeric
	if !long.Numbers(&n) {
		t.Fatalf("%s: it is no array of numbers", text)
	}
	want := make([]uint64, 0, 8)
	for _, v := range n.Ints {
		want = append(want, uint64(v))
	}
	for _, v := range n.Floats {
		want = append(want, math.Float64bits(v))
	}
	shape := []int{f.N}
	if f.Nested {
		shape = []int{1, f.N}
	}
	if got := words[:f.N]; !slices.Equal(got, want) || !slices.Equal(shape, n.Shape) || f.IsFloat != n.IsFloat || f.Mixed != n.Mixed || n.Bare || n.Null || short.Pos != long.Pos {
		t.Fatalf("%s: %+v %x to %d, want %s %x to %d", text, f, got, short.Pos, fmt.Sprintf("%+v", n), want, long.Pos)
	}
	return true
}

func FuzzFewNumbers(f *testing.F) {
	for _, s := range []string{"[1,2.5]", "[[5.1,3.5,1.4,0.2]]}", "[[-0]]", "[1e5]", "[[1],[2]]", "[null]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "[") {
			checkFew(t, text)
		}
	})
}

// TestPutFew wants numbers of few digits to be written as strconv writes them,
// and their neighbours too, which have many.
func TestPutFew(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 300000 {
		n := rnd.Uint64N([]uint64{100, 1e4, 1e6, 1e8, 1e9}[rnd.IntN(5)])
		f := float64(n) / []float64{1, 10, 100, 1000, 1e4, 1e5}[rnd.IntN(6)]
		if rnd.IntN(2) > 0 {
			f = -f
		}
		for _, f := range []float64{f, math.Nextafter(f, 0), math.Nextafter(f, math.Inf(1))} {
			want := strconv.FormatFloat(f, 'f', -1, 64)
			if got := string(AppendFloat64(nil, f)); got != want && math.Abs(f) >= 1e-6 {
				t.Fatalf("%b is written as %s, want %s", f, got, want)
			}
		}
	}
}
