package jsontext

import (
	"math"
	"slices"
)

// Float32s reads an array of numbers, nested or not, and appends them to dst in
// row-major order, each the float32 nearest to its text. d receives the shape.
// null is read as NaN. An element that is not a number, or beyond the range of
// float32, is an [*ElementError].
func (l *Lexer) Float32s(dst []float32, d *Dims) ([]float32, error) {
	first := len(dst)
	if err := l.startRows(d); err != nil {
		return dst, err
	}
	for at := afterOpen; ; at = afterElement {
		more, err := l.nextRow(d, at)
		if !more || err != nil {
			return dst, err
		}
		n := len(dst)
		if dst, err = l.float32Row(dst, d, first); err != nil {
			return dst, err
		}
		d.add(len(dst) - n)
	}
}

func (l *Lexer) float32Row(dst []float32, d *Dims, first int) ([]float32, error) {
	for {
		var due bool
		if dst, due = l.quickFloat32s(dst); due {
			v, err := l.float32Element(d, len(dst)-first)
			if err != nil {
				return dst, err
			}
			if dst, err = appendDue(dst, v, d.Fixed); err != nil {
				return dst, err
			}
		}
		if !l.sameRow() {
			return dst, nil
		}
	}
}

// quickFloat32s reads elements of the usual form and text between them, until
// it meets an element that is not, or for which there is no room (due, with the cursor
// on it), or something else than another number after an element.
func (l *Lexer) quickFloat32s(dst []float32) (_ []float32, due bool) {
	room, n := dst[:cap(dst)], len(dst)
	for i := l.Pos; ; {
		mant, frac, end := quickDecimal(l.Data, i)
		b, ok := divideFloat32(mant, frac)
		if !ok || end == 0 || n >= len(room) {
			l.Pos = i
			return room[:n], true
		}
		room[n] = signFloat32(b, l.Data[i])
		n++
		if i = nextNumber(l.Data, end); i == 0 {
			l.Pos = end
			return room[:n], false
		}
	}
}

// float32Element reads an element that quickFloat32 did not, or says what is
// wrong with it.
func (l *Lexer) float32Element(d *Dims, index int) (float32, error) {
	if f, ok := l.specialFloat(d); ok {
		return float32(f), nil
	}
	tok, err := l.numberElement(index)
	if err != nil {
		return 0, err
	}
	v, err := carefulFloat32(tok)
	if err != nil {
		l.Pos -= len(tok)
		return 0, l.element(index, "out of range for FP32")
	}
	return v, nil
}

// Float64s is [Lexer.Float32s] for float64.
func (l *Lexer) Float64s(dst []float64, d *Dims) ([]float64, error) {
	first := len(dst)
	if err := l.startRows(d); err != nil {
		return dst, err
	}
	for at := afterOpen; ; at = afterElement {
		more, err := l.nextRow(d, at)
		if !more || err != nil {
			return dst, err
		}
		n := len(dst)
		if dst, err = l.float64Row(dst, d, first); err != nil {
			return dst, err
		}
		d.add(len(dst) - n)
	}
}

func (l *Lexer) float64Row(dst []float64, d *Dims, first int) ([]float64, error) {
	for {
		var due bool
		if dst, due = l.quickFloat64s(dst); due {
			v, err := l.float64Element(d, len(dst)-first)
			if err != nil {
				return dst, err
			}
			if dst, err = appendDue(dst, v, d.Fixed); err != nil {
				return dst, err
			}
		}
		if !l.sameRow() {
			return dst, nil
		}
	}
}

// quickFloat64s reads elements of the usual form and text between them, until
// it meets an element that is not, or for which there is no room (due, with the cursor
// on it), or something else than another number after an element.
func (l *Lexer) quickFloat64s(dst []float64) (_ []float64, due bool) {
	room, n := dst[:cap(dst)], len(dst)
	for i := l.Pos; ; {
		mant, frac, end := quickDecimal(l.Data, i)
		b, ok := divideFloat64(mant, frac)
		if !ok || end == 0 || n >= len(room) {
			l.Pos = i
			return room[:n], true
		}
		room[n] = signFloat64(b, l.Data[i])
		n++
		if i = nextNumber(l.Data, end); i == 0 {
			l.Pos = end
			return room[:n], false
		}
	}
}

// float64Element reads an element that quickFloat64 did not, or says what is
// wrong with it.
func (l *Lexer) float64Element(d *Dims, index int) (float64, error) {
	if f, ok := l.specialFloat(d); ok {
		return float64(f), nil
	}
	tok, err := l.numberElement(index)
	if err != nil {
		return 0, err
	}
	v, err := carefulFloat64(tok)
	if err != nil {
		l.Pos -= len(tok)
		return 0, l.element(index, "out of range for FP64")
	}
	return v, nil
}

// numberElement reads the text of an element that must be a number.
func (l *Lexer) numberElement(index int) ([]byte, error) {
	if !l.numberNext() {
		return nil, l.element(index, "not a number")
	}
	tok, _, err := l.Number()
	return tok, err
}

// numberNext tells whether a number, if anything, is under the cursor.
func (l *Lexer) numberNext() bool {
	c := l.Peek()
	return c == '-' || c-'0' <= 9
}

// specialFloat reads null or, where allowed, a bare NaN or infinity.
func (l *Lexer) specialFloat(d *Dims) (f float64, ok bool) {
	c := l.Peek()
	if c == 'n' && l.Null() {
		d.Null = true
		return math.NaN(), true
	}
	if l.AllowNaN {
		f, ok = l.bareFloat(c)
		d.Bare = d.Bare || ok
	}
	return f, ok
}

// bareFloat reads what Python and JavaScript write, though JSON does not have
// it.
func (l *Lexer) bareFloat(c byte) (f float64, ok bool) {
	switch {
	case c == 'N' && l.word("NaN"):
		return math.NaN(), true
	case c == 'I' && l.word("Infinity"):
		return math.Inf(1), true
	case c == '-' && l.word("-Infinity"):
		return math.Inf(-1), true
	}
	return 0, false
}

func (l *Lexer) word(w string) bool {
	if !l.has(w) {
		return false
	}
	l.Pos += len(w)
	return true
}

// appendDue appends an element, with room for those after it unless that is fixed.
func appendDue[T any](dst []T, v T, fixed bool) ([]T, error) {
	if len(dst) == cap(dst) {
		if fixed {
			return dst, ErrFull
		}
		dst = slices.Grow(dst, 8)
	}
	return append(dst, v), nil
}
