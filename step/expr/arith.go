package expr

import (
	"math"
	"math/big"

	"github.com/leat-ml/leat/serve"
)

// operator is a binary arithmetic operator.
type operator uint8

const (
	add operator = iota
	subtract
	multiply
	divide
	floorDivide
	modulo
	power
	bitOr
	bitXor
	bitAnd
	shiftLeft
	shiftRight
)

var symbols = [...]string{"+", "-", "*", "/", "//", "%", "** or pow()", "|", "^", "&", "<<", ">>"}

// operate is "a op b".
func (r *run) operate(op operator, a, b any) (any, error) {
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return integers(op, x, y)
		case float64:
			if op <= power {
				return floats(op, float64(x), y)
			}
		}
	case float64:
		switch y := b.(type) {
		case float64:
			if op <= power {
				return floats(op, x, y)
			}
		case int64:
			if op <= power {
				return floats(op, x, float64(y))
			}
		}
	case string:
		if y, ok := b.(string); ok && op == add {
			return x + y, r.spend(len(x) + len(y))
		}
	}
	return r.operateOther(op, a, b)
}

func (r *run) operateOther(op operator, a, b any) (any, error) {
	if isNumber(a) && isNumber(b) {
		return r.operateNumbers(op, a, b)
	}
	switch op {
	case add:
		return r.concatenate(a, b)
	case multiply:
		return r.repeat(a, b)
	case bitOr:
		if x, ok := members(a); ok {
			if y, ok := members(b); ok {
				return r.merge(x, y)
			}
		}
	case modulo:
		if _, ok := a.(string); ok {
			return nil, typeError("%% does not format strings here: use an f-string")
		}
	}
	return nil, unsupported(op, a, b)
}

// merge is a | b of dicts.
func (r *run) merge(a, b membership) (any, error) {
	d := &dict{}
	if err := d.update(r, a); err != nil {
		return nil, err
	}
	err := d.update(r, b)
	return d, err
}

func unsupported(op operator, a, b any) error {
	return typeError("unsupported operand type(s) for %s: '%s' and '%s'", symbols[op], typeName(a), typeName(b))
}

// operateNumbers is for booleans, which are 0 and 1, and for numbers that have
// no room in 64 bits.
func (r *run) operateNumbers(op operator, a, b any) (any, error) {
	p, pb := a.(bool)
	q, qb := b.(bool)
	if pb && qb && op >= bitOr && op <= bitAnd {
		switch op {
		case bitOr:
			return p || q, nil
		case bitAnd:
			return p && q, nil
		}
		return p != q, nil
	}
	x, err := narrow(a)
	if err != nil {
		return nil, err
	}
	y, err := narrow(b)
	if err != nil {
		return nil, err
	}
	if _, ok := x.(float64); ok && op > power {
		return nil, unsupported(op, a, b)
	}
	if _, ok := y.(float64); ok && op > power {
		return nil, unsupported(op, a, b)
	}
	return r.operate(op, x, y)
}

// narrow makes an int64 or a float64 of any number.
func narrow(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		i, _ := integer(v)
		return i, nil
	case serve.Number:
		i, f, err := bigNumber(v)
		if err != nil {
			return nil, err
		}
		if i != nil {
			return nil, tooBig("an integer")
		}
		return f, nil
	}
	return v, nil
}

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
	p := math.Pow(x, y)
	if finite && math.IsInf(p, 0) {
		return nil, raise("OverflowError", "(34, 'Numerical result out of range')")
	}
	return p, nil
}

// negate is -v, +v or ~v.
func negate(op byte, v any) (any, error) {
	if v == minInt && op == '-' {
		return int64(math.MinInt64), nil
	}
	if isNumber(v) {
		x, err := narrow(v)
		if err != nil {
			return nil, err
		}
		if i, ok := x.(int64); ok {
			return negateInt(op, i)
		}
		if f := x.(float64); op == '-' {
			return -f, nil
		} else if op == '+' {
			return f, nil
		}
	}
	return nil, typeError("bad operand type for unary %c: '%s'", op, typeName(v))
}

func negateInt(op byte, i int64) (any, error) {
	switch {
	case op == '~':
		return ^i, nil
	case op == '+':
		return i, nil
	case i == math.MinInt64:
		return nil, tooBig("the negative")
	}
	return -i, nil
}
