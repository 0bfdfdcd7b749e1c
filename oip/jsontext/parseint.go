package jsontext

import (
	"encoding/binary"
	"math"
)

// ParseInt64 returns the value of the JSON integer tok. The error is [ErrRange]
// for one that an int64 does not hold, and [ErrNumber] for what is not a JSON
// number or has a fraction or an exponent.
func ParseInt64(tok []byte) (int64, error) {
	mag, neg, err := parseWhole(tok)
	switch {
	case err != nil:
		return 0, err
	case neg && mag <= -math.MinInt64:
		return -int64(mag), nil
	case !neg && mag <= math.MaxInt64:
		return int64(mag), nil
	}
	return 0, ErrRange
}

// ParseUint64 is [ParseInt64] for a uint64. -0 is 0.
func ParseUint64(tok []byte) (uint64, error) {
	mag, neg, err := parseWhole(tok)
	if err == nil && neg && mag != 0 {
		return 0, ErrRange
	}
	return mag, err
}

// parseWhole returns the absolute value and the sign of the JSON integer tok.
func parseWhole(tok []byte) (mag uint64, neg bool, err error) {
	if ok, isInt := isNumber(tok); !ok || !isInt {
		return 0, false, ErrNumber
	}
	if neg = tok[0] == '-'; neg {
		tok = tok[1:]
	}
	const room = math.MaxUint64 / 10 // below or at it, a digit may fit
	for _, c := range tok {
		next := mag*10 + uint64(c-'0')
		if mag > room || next < mag {
			return 0, neg, ErrRange
		}
		mag = next
	}
	return mag, neg, nil
}

// quickWhole reads the JSON integer at data[i:] if it has up to 19 digits and an
// absolute value, v, below 2^63. It ends before data[end]; end is 0 if it is of
// another form.
func quickWhole(data []byte, i int) (v uint64, end int) {
	if len(data)-i < 32 {
		v, frac, end := tailDecimal(data, i)
		if frac != 0 {
			return 0, 0
		}
		return v, end
	}
	i += isMinus(data[i])
	n, values := leadingDigits(binary.LittleEndian.Uint64(data[i:]))
	if n == 0 || n > 1 && data[i] == '0' {
		return 0, 0
	}
	v = number8(values, n)
	for more := n; more == 8 && n <= 16; n += more {
		more, values = leadingDigits(binary.LittleEndian.Uint64(data[i+n:]))
		v = v*intPow10[more&31] + number8(values, more)
	}
	if c := data[i+n]; n > maxQuickDigits || int64(v) < 0 || c == '.' || c|0x20 == 'e' {
		return 0, 0
	}
	return v, i + n
}
