package jsontext

import (
	"bytes"
	"math"
	"math/bits"
)

// Few is a short array of numbers: how many, whether they are one row within a
// list, and of which type.
type Few struct {
	N      int
	Nested bool
	// IsFloat and Mixed are as in [Numeric].
	IsFloat, Mixed bool
}

// FewNumbers is [Lexer.Numbers] for arrays that most requests hold: up to 8
// numbers that words has room for, in one list or the only list in another one.
// They are read into words where they stay: an int64 each, or the bits of a
// float64. It reports false, and leaves the cursor where it was, for all other
// arrays too.
func (l *Lexer) FewNumbers(words []uint64) (f Few, ok bool) {
	i := l.Pos + 1
	if f.Nested = at(l.Data, i, '['); f.Nested {
		i++
	}
	if l.depth+2 > MaxDepth || !fewElements(l.Data[min(i, len(l.Data)):], min(len(words), 8)) {
		return f, false
	}
	wholes := uint(0) // which of them are integers
	for i < len(l.Data) && f.N < len(words) {
		mant, frac, end := quickDecimal(l.Data, i)
		if end == 0 {
			return f, false
		}
		minus := isMinus(l.Data[i])
		if frac == 0 {
			wholes |= 1 << f.N
			words[f.N] = (mant ^ -uint64(minus)) + uint64(minus)
		} else if b, ok := divideFloat64(mant, frac); ok {
			words[f.N] = b | uint64(minus)<<63
		} else {
			return f, false
		}
		f.N++
		if i = nextNumber(l.Data, end); i == 0 {
			ok = l.endFew(&f, words[:f.N], wholes, end)
			return f, ok
		}
	}
	return f, false
}

// fewElements says whether an array whose first element starts text has at most n.
func fewElements(text []byte, n int) bool {
	const longest = 25 // characters of a number with its comma
	text = text[:min(len(text), n*longest)]
	end := bytes.IndexByte(text, ']')
	return end > 0 && bytes.Count(text[:end], []byte{','}) < n
}

// endFew reads the brackets behind the last number, at i, and finds one type for
// all.
func (l *Lexer) endFew(f *Few, words []uint64, wholes uint, i int) bool {
	if !at(l.Data, i, ']') || f.Nested && !at(l.Data, i+1, ']') {
		return false
	}
	i++
	if f.Nested {
		i++
	}
	f.IsFloat = wholes != 1<<f.N-1
	f.Mixed = f.IsFloat && wholes != 0
	if f.Mixed {
		for ; wholes != 0; wholes &= wholes - 1 {
			w := &words[bits.TrailingZeros(wholes)]
			v := int64(*w)
			if !floatHolds(v) {
				return false
			}
			*w = math.Float64bits(float64(v))
		}
	}
	l.Pos = i
	return true
}
