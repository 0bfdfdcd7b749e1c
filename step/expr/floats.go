package expr

import (
	"math"
)

// floats is arithmetic as IEEE 754 and Python have it.
func floats(op operator, x, y float64) (any, error) {
	switch op {
	case add:
		return x + y, nil
	case subtract:
		return x - y, nil
	case multiply:
		return x * y, nil
	case divide:
		if y == 0 {
			return nil, raise("ZeroDivisionError", "float division by zero")
		}
		return x / y, nil
	case power:
		return floatPower(x, y)
	}
	if y == 0 {
		if op == modulo {
			return nil, raise("ZeroDivisionError", "float modulo")
		}
		return nil, raise("ZeroDivisionError", "float floor division by zero")
	}
	q, m := floorFloats(x, y)
	if op == modulo {
		return m, nil
	}
	return q, nil
}

// floorFloats is the quotient rounded down, and what remains, which has the
// sign of y. The steps are those of Python's float_divmod, so that rounding is.
func floorFloats(x, y float64) (q, m float64) {
	m = math.Mod(x, y)
	d := (x - m) / y
	if m != 0 {
		if (y < 0) != (m < 0) {
			m += y
			d--
		}
	} else {
		m = math.Copysign(0, y)
	}
	if d == 0 {
		return math.Copysign(0, x/y), m
	}
	q = math.Floor(d)
	if d-q > 0.5 {
		q++
	}
	return q, m
}

func floatPower(x, y float64) (any, error) {
	if x == 0 && y < 0 {
		return nil, raise("ZeroDivisionError", "0.0 cannot be raised to a negative power")
	}
	finite := !math.IsInf(x, 0) && !math.IsInf(y, 0)
	if x < 0 && finite && y != math.Trunc(y) {
		return nil, valueError("the power is a complex number")
	}
	p := powerOf(x, y)
	if finite && math.IsInf(p, 0) {
		return nil, raise("OverflowError", "(34, 'Numerical result out of range')")
	}
	return p, nil
}
