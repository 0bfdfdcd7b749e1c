package jsontext

import (
	"strconv"
)

// isNumber tells whether tok is exactly one JSON number.
func isNumber(tok []byte) (number, isInt bool) {
	l := Lexer{Data: tok}
	_, isInt, err := l.Number()
	return err == nil && l.Pos == len(tok) && tok[0] > ' ', isInt
}

// ParseFloat32 returns the float32 nearest to the JSON number tok, to even in a
// tie. The error is [ErrRange] for one that rounds to infinity and [ErrNumber]
// for what is not a JSON number.
func ParseFloat32(tok []byte) (float32, error) {
	if ok, _ := isNumber(tok); !ok {
		return 0, ErrNumber
	}
	f, err := strconv.ParseFloat(string(tok), 32)
	if err != nil {
		return 0, ErrRange
	}
	return float32(f), nil
}

// ParseFloat64 returns the float64 nearest to the JSON number tok, to even in a
// tie. The error is [ErrRange] for one that rounds to infinity and [ErrNumber]
// for what is not a JSON number.
func ParseFloat64(tok []byte) (float64, error) {
	if ok, _ := isNumber(tok); !ok {
		return 0, ErrNumber
	}
	f, err := strconv.ParseFloat(string(tok), 64)
	if err != nil {
		return 0, ErrRange
	}
	return f, nil
}

// ParseInt64 returns the value of the JSON integer tok. The error is [ErrRange]
// for one that an int64 does not hold, and [ErrNumber] for what is not a JSON
// number or has a fraction or an exponent.
func ParseInt64(tok []byte) (int64, error) {
	if ok, isInt := isNumber(tok); !ok || !isInt {
		return 0, ErrNumber
	}
	v, err := strconv.ParseInt(string(tok), 10, 64)
	if err != nil {
		return 0, ErrRange
	}
	return v, nil
}

// ParseUint64 is [ParseInt64] for a uint64. -0 is 0.
func ParseUint64(tok []byte) (uint64, error) {
	if ok, isInt := isNumber(tok); !ok || !isInt {
		return 0, ErrNumber
	}
	if string(tok) == "-0" {
		return 0, nil
	}
	v, err := strconv.ParseUint(string(tok), 10, 64)
	if err != nil {
		return 0, ErrRange
	}
	return v, nil
}
