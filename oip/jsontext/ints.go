package jsontext

import (
	"fmt"
	"unsafe"
)

// Int64s is [Ints] for int64.
func (l *Lexer) Int64s(dst []int64, d *Dims) ([]int64, error) { return Ints(l, dst, d) }

// Uint64s is [Ints] for uint64.
func (l *Lexer) Uint64s(dst []uint64, d *Dims) ([]uint64, error) { return Ints(l, dst, d) }

// Integer is an element type of [Ints].
type Integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// Ints reads an array of integers, nested or not, and appends them to dst in
// row-major order. d receives the shape. An element that is not an integer (one
// with a fraction or an exponent is not, even 1.0 and 1e3) or that T does not
// hold is an [*ElementError].
func Ints[T Integer](l *Lexer, dst []T, d *Dims) ([]T, error) {
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
		if dst, err = intRow(l, dst, first, d.Fixed); err != nil {
			return dst, err
		}
		d.add(len(dst) - n)
	}
}

func intRow[T Integer](l *Lexer, dst []T, first int, fixed bool) ([]T, error) {
	for {
		var due bool
		if dst, due = quickInts(l, dst); due {
			v, err := intElement[T](l, len(dst)-first)
			if err != nil {
				return dst, err
			}
			if dst, err = appendDue(dst, v, fixed); err != nil {
				return dst, err
			}
		}
		if !l.sameRow() {
			return dst, nil
		}
	}
}

// quickInts is [Lexer.quickFloat32s] for integers.
func quickInts[T Integer](l *Lexer, dst []T) (_ []T, due bool) {
	room, n := dst[:cap(dst)], len(dst)
	for i := l.Pos; ; {
		v, end := quickInt[T](l.Data, i)
		if end == 0 || n >= len(room) {
			l.Pos = i
			return room[:n], true
		}
		room[n] = v
		n++
		if i = nextNumber(l.Data, end); i == 0 {
			l.Pos = end
			return room[:n], false
		}
	}
}

// quickInt reads the integer at data[i:], which ends before data[end]. end is 0
// if it is not of the usual form or T does not hold it.
func quickInt[T Integer](data []byte, i int) (v T, end int) {
	u, end := quickWhole(data, i)
	if end == 0 {
		return 0, 0
	}
	sign := -int64(isMinus(data[i])) // -1 has all bits set, which negates
	s := int64(u) ^ sign - sign
	v = T(s)
	if int64(v) != s || s < 0 && !signed[T]() {
		return 0, 0
	}
	return v, end
}

// intElement reads an element that quickInt did not, or says what is wrong
// with it.
func intElement[T Integer](l *Lexer, index int) (T, error) {
	if !l.numberNext() {
		return 0, l.element(index, "not an integer")
	}
	start := l.Pos
	tok, isInt, err := l.Number()
	if err != nil {
		return 0, err
	}
	v, ok := parseInt[T](tok)
	if isInt && ok {
		return v, nil
	}
	l.Pos = start
	if !isInt {
		return 0, l.element(index, "not an integer")
	}
	return 0, l.element(index, "out of range for "+intName[T]())
}

func signed[T Integer]() bool { return T(0)-1 < 0 }

// intName is the datatype of T in the Open Inference Protocol.
func intName[T Integer]() string {
	name := "UINT"
	if signed[T]() {
		name = "INT"
	}
	return fmt.Sprintf("%s%d", name, 8*unsafe.Sizeof(T(0)))
}

// parseInt converts the JSON integer tok, if T holds it.
func parseInt[T Integer](tok []byte) (T, bool) {
	if signed[T]() {
		v, err := ParseInt64(tok)
		return T(v), err == nil && int64(T(v)) == v
	}
	v, err := ParseUint64(tok)
	return T(v), err == nil && uint64(T(v)) == v
}
