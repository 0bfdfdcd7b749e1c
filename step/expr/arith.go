package expr

import (
	"math"

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
			return nil, noFormat()
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

// noFormat is the answer to text % values.
func noFormat() *failure { return typeError("%% does not format strings here: use an f-string") }

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
