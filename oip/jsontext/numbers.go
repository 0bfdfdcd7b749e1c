package jsontext

import (
	"math"
	"math/big"
	"slices"
)

// Numeric is an array of numbers whose element type its text decided. The zero
// value is ready; a reused one costs no allocation.
type Numeric struct {
	Dims
	// IsFloat tells which of the two lists holds the elements; the other is
	// empty. An array without elements is one of floats.
	IsFloat bool
	// Mixed tells that integers (as text: neither fraction nor exponent) stood
	// among floats and were converted.
	Mixed  bool
	Ints   []int64
	Floats []float64

	wholes int // integers that were read
}

// Numbers reads a rectangular array of numbers, nested or not, into n in
// row-major order: as int64 if every one is an integer that fits, and else as
// float64, null being NaN. When the next value is not such an array, or when a
// number in it would not survive (beyond float64's range, or an integer that
// float64 would round), it reports false and leaves the cursor where it was;
// the value may or may not be valid JSON then, and what n holds is undefined.
func (l *Lexer) Numbers(n *Numeric) (ok bool) {
	start := l.Pos
	n.IsFloat, n.Mixed, n.wholes = false, false, 0
	n.Ints, n.Floats = n.Ints[:0], n.Floats[:0]
	if !l.numbers(n) {
		l.Pos = start
		return false
	}
	if len(n.Ints) == 0 {
		n.IsFloat = true
	}
	return true
}

func (l *Lexer) numbers(n *Numeric) bool {
	if l.startRows(&n.Dims) != nil {
		return false
	}
	for at := afterOpen; ; at = afterElement {
		more, err := l.nextRow(&n.Dims, at)
		if err != nil || n.Ragged {
			return false
		}
		if !more {
			n.Mixed = n.IsFloat && n.wholes > 0 && n.fractions()
			return true
		}
		before := len(n.Ints) + len(n.Floats)
		if !l.numberRow(n) {
			return false
		}
		n.add(len(n.Ints) + len(n.Floats) - before)
	}
}

// fractions tells whether an element was not an integer.
func (n *Numeric) fractions() bool { return n.wholes < len(n.Floats) }

func (l *Lexer) numberRow(n *Numeric) bool {
	for {
		if l.quickNumbers(n) && !l.carefulNumber(n) {
			return false
		}
		if !l.sameRow() {
			return true
		}
	}
}

// quickNumbers is [Lexer.quickFloat32s] for an unknown type.
func (l *Lexer) quickNumbers(n *Numeric) (due bool) {
	for i := l.Pos; ; {
		mant, frac, end := quickDecimal(l.Data, i)
		if end == 0 || !n.appendQuick(mant, frac, isMinus(l.Data[i])) {
			l.Pos = i
			return true
		}
		if i = nextNumber(l.Data, end); i == 0 {
			l.Pos = end
			return false
		}
	}
}

// appendQuick appends mant / 10^frac, unless that takes more care.
func (n *Numeric) appendQuick(mant uint64, frac, minus int) bool {
	if frac != 0 {
		b, ok := divideFloat64(mant, frac)
		if ok = ok && n.toFloats(); ok {
			n.Floats = append(n.Floats, math.Float64frombits(b|uint64(minus)<<63))
		}
		return ok
	}
	v := int64(mant)
	if minus != 0 {
		v = -v
	}
	n.wholes++
	return n.appendInt(v)
}

// carefulNumber reads an element that quickNumbers did not.
func (l *Lexer) carefulNumber(n *Numeric) bool {
	if f, ok := l.specialFloat(&n.Dims); ok {
		if !n.toFloats() {
			return false
		}
		n.Floats = append(n.Floats, f)
		return true
	}
	tok, isInt, err := l.Number()
	return err == nil && n.append(tok, isInt)
}

// append reports false if the number tok would not survive.
func (n *Numeric) append(tok []byte, isInt bool) bool {
	if isInt {
		n.wholes++
		if v, err := ParseInt64(tok); err == nil {
			return n.appendInt(v)
		}
	}
	f, err := ParseFloat64(tok)
	if err != nil || isInt && !exactInteger(tok, f) || !n.toFloats() {
		return false
	}
	n.Floats = append(n.Floats, f)
	return true
}

// appendInt reports false if v would not survive.
func (n *Numeric) appendInt(v int64) bool {
	if !n.IsFloat {
		n.Ints = append(n.Ints, v)
		return true
	}
	n.Floats = append(n.Floats, float64(v))
	return floatHolds(v)
}

// toFloats goes over to float64, if that keeps every integer so far.
func (n *Numeric) toFloats() bool {
	if len(n.Ints) > 1<<12 {
		n.Floats = slices.Grow(n.Floats, cap(n.Ints)) // as many as were expected
	}
	for _, v := range n.Ints {
		if !floatHolds(v) {
			return false
		}
		n.Floats = append(n.Floats, float64(v))
	}
	n.IsFloat = true
	n.Ints = n.Ints[:0]
	return true
}

// floatHolds tells whether float64 holds v.
func floatHolds(v int64) bool {
	f := float64(v)
	return f < math.MaxInt64 && int64(f) == v
}

// exactInteger tells whether the integer tok, beyond int64, has the value f.
func exactInteger(tok []byte, f float64) bool {
	i, ok := new(big.Int).SetString(string(tok), 10)
	if !ok {
		return false
	}
	back, _ := new(big.Float).SetFloat64(f).Int(nil)
	return i.Cmp(back) == 0
}
