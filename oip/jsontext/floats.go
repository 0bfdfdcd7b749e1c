package jsontext

import "math"

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
		f, ok := l.specialFloat(d)
		v := float32(f)
		if !ok {
			start := l.Pos
			if !l.numberNext() {
				return dst, l.element(len(dst)-first, "not a number")
			}
			tok, _, err := l.Number()
			if err != nil {
				return dst, err
			}
			if v, err = ParseFloat32(tok); err != nil {
				l.Pos = start
				return dst, l.element(len(dst)-first, "out of range for FP32")
			}
		}
		dst = append(dst, v)
		if !l.sameRow() {
			return dst, nil
		}
	}
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
		v, ok := l.specialFloat(d)
		if !ok {
			start := l.Pos
			if !l.numberNext() {
				return dst, l.element(len(dst)-first, "not a number")
			}
			tok, _, err := l.Number()
			if err != nil {
				return dst, err
			}
			if v, err = ParseFloat64(tok); err != nil {
				l.Pos = start
				return dst, l.element(len(dst)-first, "out of range for FP64")
			}
		}
		dst = append(dst, v)
		if !l.sameRow() {
			return dst, nil
		}
	}
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
	if !l.AllowNaN {
		return 0, false
	}
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
