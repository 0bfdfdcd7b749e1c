package expr

import (
	"math"
	"math/big"
	"strconv"
)

// round is Python's: ties go to the even neighbour, and digits are those of the
// exact value.
func round(_ *run, a *args) (any, error) {
	if err := a.between(1, 2); err != nil {
		return nil, err
	}
	v := a.list[0]
	if !isNumber(v) {
		return nil, typeError("type %s doesn't define __round__ method", typeName(v))
	}
	v, err := narrow(v)
	if err != nil {
		return nil, err
	}
	given, ok := a.optional(1, "ndigits")
	if !ok || given == nil {
		if f, ok := v.(float64); ok {
			return truncate(math.RoundToEven(f))
		}
		return v, nil
	}
	digits, ok := integer(given)
	if !ok {
		return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(given))
	}
	digits = max(-400, min(digits, 400)) // beyond which nothing changes
	if f, ok := v.(float64); ok {
		return roundFloat(f, int(digits))
	}
	return roundInt(v.(int64), int(digits))
}

func roundFloat(f float64, digits int) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) || f == 0 {
		return f, nil
	}
	if digits >= 0 {
		g, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
		return g, err
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-digits)), nil)
	exact := new(big.Rat).SetFloat64(f)
	g, _ := new(big.Rat).SetInt(nearestMultiple(exact, unit)).Float64()
	if math.IsInf(g, 0) {
		return nil, raise("OverflowError", "rounded value too large to represent")
	}
	return math.Copysign(g, f), nil
}

func roundInt(i int64, digits int) (any, error) {
	if digits >= 0 {
		return i, nil
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-digits)), nil)
	n := nearestMultiple(new(big.Rat).SetInt64(i), unit)
	if !n.IsInt64() {
		return nil, tooBig("the rounded integer")
	}
	return n.Int64(), nil
}

// nearestMultiple is the multiple of unit next to x; of two, the even one.
func nearestMultiple(x *big.Rat, unit *big.Int) *big.Int {
	q := new(big.Rat).Quo(x, new(big.Rat).SetInt(unit))
	twice := new(big.Int).Lsh(q.Num(), 1)
	twice.Add(twice, q.Denom())
	double := new(big.Int).Lsh(q.Denom(), 1)
	n, rest := new(big.Int), new(big.Int)
	n.DivMod(twice, double, rest) // floor(q + 1/2)
	if rest.Sign() == 0 && n.Bit(0) == 1 {
		n.Sub(n, big.NewInt(1))
	}
	return n.Mul(n, unit)
}
