package expr

import (
	"cmp"
	"math"
	"math/big"

	"github.com/leat-ml/leat/serve"
)

// incomparable is the result of comparing with NaN, which holds for nothing
// but !=.
const incomparable = 2

// numbers compares two numbers by their value, exactly.
func numbers(a, b any) (int, error) {
	switch x := a.(type) {
	case bool:
		i, _ := integer(x)
		return numbers(i, b)
	case int64:
		switch y := b.(type) {
		case bool:
			j, _ := integer(y)
			return cmp.Compare(x, j), nil
		case int64:
			return cmp.Compare(x, y), nil
		case float64:
			return intFloat(x, y), nil
		}
	case float64:
		switch y := b.(type) {
		case float64:
			if math.IsNaN(x) || math.IsNaN(y) {
				return incomparable, nil
			}
			return cmp.Compare(x, y), nil
		case int64:
			if c := intFloat(y, x); c != incomparable {
				return -c, nil
			}
			return incomparable, nil
		case bool:
			j, _ := integer(y)
			return numbers(x, j)
		}
	}
	return bigs(a, b)
}

// intFloat compares an integer with a float of any size.
func intFloat(i int64, f float64) int {
	switch {
	case math.IsNaN(f):
		return incomparable
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	if c := cmp.Compare(i, int64(f)); c != 0 {
		return c
	}
	return cmp.Compare(0, f-math.Trunc(f))
}

// bigs compares numbers of which one does not fit in 64 bits.
func bigs(a, b any) (int, error) {
	x, err := bigFloat(a)
	if err != nil || x == nil {
		return incomparable, err
	}
	y, err := bigFloat(b)
	if err != nil || y == nil {
		return incomparable, err
	}
	return x.Cmp(y), nil
}

// bigFloat is v, exactly; nil for NaN.
func bigFloat(v any) (*big.Float, error) {
	if n, ok := v.(serve.Number); ok {
		i, f, err := bigNumber(n)
		if err != nil {
			return nil, err
		}
		if i != nil {
			return new(big.Float).SetInt(i), nil
		}
		v = f
	}
	if i, ok := integer(v); ok {
		return new(big.Float).SetInt64(i), nil
	}
	f := v.(float64)
	if math.IsNaN(f) {
		return nil, nil //nolint:nilnil // documented
	}
	return new(big.Float).SetFloat64(f), nil
}
