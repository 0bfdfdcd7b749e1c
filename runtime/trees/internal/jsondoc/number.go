package jsondoc

import (
	"math"
	"strconv"
)

var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseFloat32 reads a JSON number, or NaN, Infinity or -Infinity, rounded once
// to float32. A number too big for a float32 is none.
func parseFloat32(token []byte) (float32, bool) {
	if v, ok := notFinite(token); ok {
		return v, true
	}
	n, ok := scanDecimal(token)
	if !ok {
		return 0, false
	}
	if v, ok := n.float32(); ok {
		return v, true
	}
	v, err := strconv.ParseFloat(string(token), 32)
	return float32(v), err == nil
}

// isNumber says whether a token is a number, of any size.
func isNumber(token []byte) bool {
	if _, ok := notFinite(token); ok {
		return true
	}
	_, ok := scanDecimal(token)
	return ok
}

func notFinite(token []byte) (float32, bool) {
	switch string(token) {
	case "NaN":
		return float32(math.NaN()), true
	case "Infinity":
		return float32(math.Inf(1)), true
	case "-Infinity":
		return float32(math.Inf(-1)), true
	}
	return 0, false
}

// A decimal is mantissa * 10^exponent, unless digits were dropped.
type decimal struct {
	negative bool
	inexact  bool
	mantissa uint64
	exponent int
}

// scanDecimal checks the grammar of a JSON number.
func scanDecimal(token []byte) (n decimal, ok bool) {
	rest := token
	if len(rest) > 0 && rest[0] == '-' {
		n.negative, rest = true, rest[1:]
	}
	whole := n.digits(rest)
	if whole == 0 || (whole > 1 && rest[0] == '0') {
		return n, false
	}
	rest = rest[whole:]
	if len(rest) > 0 && rest[0] == '.' {
		fraction := n.digits(rest[1:])
		if fraction == 0 {
			return n, false
		}
		n.exponent -= fraction
		rest = rest[1+fraction:]
	}
	if len(rest) == 0 {
		return n, true
	}
	ok = n.power(rest)
	return n, ok
}

// digits takes the digits at the start of rest and returns how many there are.
func (n *decimal) digits(rest []byte) int {
	i := 0
	for ; i < len(rest) && rest[i]-'0' <= 9; i++ {
		if n.mantissa > (math.MaxUint64-9)/10 {
			n.inexact = true
			continue
		}
		n.mantissa = n.mantissa*10 + uint64(rest[i]-'0')
	}
	return i
}

// power takes an exponent, which must be all that is left.
func (n *decimal) power(rest []byte) bool {
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	sign := 1
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return false
	}
	power := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			return false
		}
		power = min(power*10+int(c-'0'), 1<<20)
	}
	n.exponent += sign * power
	return true
}

// float32 converts where that takes one operation on float64 numbers that are
// exact, and the result does not lie halfway between two float32, where its
// rounding could decide the second one.
func (n *decimal) float32() (float32, bool) {
	const halfway = 1 << (52 - 24)
	if n.inexact || n.mantissa >= 1<<53 || n.exponent < -22 || n.exponent > 22 {
		return 0, false
	}
	v := float64(n.mantissa)
	if n.exponent < 0 {
		v /= powersOfTen[-n.exponent]
	} else {
		v *= powersOfTen[n.exponent]
	}
	if math.Float64bits(v)&(2*halfway-1) == halfway || v > math.MaxFloat32 || (v < 0x1p-126 && v != 0) {
		return 0, false
	}
	if n.negative {
		v = -v
	}
	return float32(v), true
}
