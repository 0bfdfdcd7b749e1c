package expr

import (
	"math"
	"math/big"
)

func integers(op operator, x, y int64) (any, error) {
	switch op {
	case add:
		if s := x + y; (s > x) == (y > 0) {
			return s, nil
		}
		return nil, tooBig("the sum")
	case subtract:
		if d := x - y; (d < x) == (y > 0) {
			return d, nil
		}
		return nil, tooBig("the difference")
	case multiply:
		return product(x, y)
	case divide:
		return quotient(x, y)
	case floorDivide, modulo:
		return floored(op, x, y)
	case power:
		return intPower(x, y)
	}
	return bits(op, x, y)
}

func product(x, y int64) (any, error) {
	p := x * y
	if x != 0 && (p/x != y || x == -1 && y == math.MinInt64) {
		return nil, tooBig("the product")
	}
	return p, nil
}

// quotient is the float nearest to x / y.
func quotient(x, y int64) (any, error) {
	if y == 0 {
		return nil, raise("ZeroDivisionError", "division by zero")
	}
	const exact = 1 << 53
	if x < exact && x > -exact && y < exact && y > -exact {
		return float64(x) / float64(y), nil
	}
	f, _ := big.NewRat(1, 1).SetFrac(big.NewInt(x), big.NewInt(y)).Float64()
	return f, nil
}

// floored is x // y, or what remains, which has the sign of y.
func floored(op operator, x, y int64) (any, error) {
	if y == 0 {
		if op == modulo {
			return nil, raise("ZeroDivisionError", "integer modulo by zero")
		}
		return nil, raise("ZeroDivisionError", "integer division or modulo by zero")
	}
	if x == math.MinInt64 && y == -1 {
		if op == modulo {
			return int64(0), nil
		}
		return nil, tooBig("the quotient")
	}
	q, m := x/y, x%y
	if m != 0 && (m < 0) != (y < 0) {
		q--
		m += y
	}
	if op == modulo {
		return m, nil
	}
	return q, nil
}

func intPower(x, y int64) (any, error) {
	if y < 0 {
		if x == 0 {
			return nil, raise("ZeroDivisionError", "0.0 cannot be raised to a negative power")
		}
		return floats(power, float64(x), float64(y))
	}
	result := int64(1)
	switch {
	case x == 0 && y > 0:
		return x, nil
	case x == 1 || x == -1:
		if x == 1 || y%2 == 0 {
			return int64(1), nil
		}
		return x, nil
	}
	for range min(y, 64) { // every other base is beyond 64 bits by then
		p, err := product(result, x)
		if err != nil {
			return nil, tooBig("the power")
		}
		result = p.(int64)
	}
	return result, nil
}

func bits(op operator, x, y int64) (any, error) {
	switch op {
	case bitOr:
		return x | y, nil
	case bitXor:
		return x ^ y, nil
	case bitAnd:
		return x & y, nil
	}
	if y < 0 {
		return nil, valueError("negative shift count")
	}
	if op == shiftRight {
		return x >> min(y, 63), nil
	}
	if x != 0 && (y > 62 || x<<y>>y != x) {
		return nil, tooBig("the shifted integer")
	}
	return x << y, nil
}
