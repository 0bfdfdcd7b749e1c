package jsontext

import "encoding/binary"

// maxQuickDigits is how many digits quickDecimal reads: the number they make
// fits a uint64.
const maxQuickDigits = 19

// quickDecimal reads the JSON number at data[i:] if it has the usual form: up to
// 19 digits besides zeros at the start, and a short exponent or none. The number's
// absolute value is mant / 10^frac, and it ends before data[end]; end is 0 if it
// is not of that form, be it valid or not. frac is 0 only for integers (without a
// point and without an exponent), whose mant is below 2^63.
func quickDecimal(data []byte, i int) (mant uint64, frac, end int) {
	if len(data)-i < 48 {
		return tailDecimal(data, i)
	}
	i += isMinus(data[i])
	start := i
	mant = uint64(data[i] - '0')
	i++
	if data[i] != '.' || mant > 9 {
		if mant, i = moreWhole(data, mant, i); i == 0 {
			return 0, 0, 0
		}
		if data[i] != '.' {
			return wholeEnd(data, mant, start, i)
		}
	}
	p := (*[26]byte)(data[i:])
	n, v := leadingDigits(binary.LittleEndian.Uint64(p[1:]))
	n2, v2 := leadingDigits(binary.LittleEndian.Uint64(p[9:]))
	n2 &= -(n >> 3) // the second word counts if the first is all digits
	mant = (mant*intPow10[n&31]+number8(v, n))*intPow10[n2&31] + number8(v2, n2)
	n += n2
	if n == 16 {
		n3, v3 := leadingDigits(binary.LittleEndian.Uint64(p[17:]))
		mant = mant*intPow10[n3&31] + number8(v3, n3)
		n += n3
	}
	end = i + 1 + n
	if n == 0 || end-start > maxQuickDigits+1 && !zerosFirst(data, start, end, n) {
		return 0, 0, 0
	}
	if p[1+n]|0x20 == 'e' {
		return quickExponent(data, mant, n, end)
	}
	return mant, n, end
}

// zerosFirst tells whether data[start:end], 0 and a fraction of n digits, has no
// more than maxQuickDigits besides the zeros it starts with. If n is 24, digits
// may follow.
func zerosFirst(data []byte, start, end, n int) bool {
	if data[start] != '0' || n >= 24 {
		return false
	}
	i := start + len("0.")
	for data[i] == '0' && i < end {
		i++
	}
	return end-i <= maxQuickDigits
}

// quickExponent finishes quickDecimal for a number with an e at data[i].
func quickExponent(data []byte, mant uint64, frac, i int) (uint64, int, int) {
	i++
	neg := at(data, i, '-')
	if neg || at(data, i, '+') {
		i++
	}
	exp, first := 0, i
	for i < len(data) && i-first < 4 && data[i]-'0' <= 9 {
		exp = exp*10 + int(data[i]-'0')
		i++
	}
	if neg {
		exp = -exp
	}
	frac -= exp
	if n := i - first; n == 0 || n == 4 || frac == 0 {
		return 0, 0, 0
	}
	return mant, frac, i
}

// isMinus returns 1 if c is a minus sign and else 0, without a branch: signs
// often have no pattern.
func isMinus(c byte) int {
	if c == '-' {
		return 1
	}
	return 0
}

// moreWhole reads the digits before the point but the first, which is mant. i
// is 0 in return if they are not a JSON integer.
func moreWhole(data []byte, mant uint64, i int) (uint64, int) {
	if mant > 9 {
		return 0, 0
	}
	for n := 1; mant != 0 && n <= maxQuickDigits && data[i]-'0' <= 9; n++ {
		mant = mant*10 + uint64(data[i]-'0')
		i++
	}
	return mant, i
}

// wholeEnd finishes quickDecimal for a number without a point.
func wholeEnd(data []byte, mant uint64, start, i int) (uint64, int, int) {
	if i-start > maxQuickDigits || int64(mant) < 0 || data[i]-'0' <= 9 {
		return 0, 0, 0
	}
	if data[i]|0x20 == 'e' {
		return quickExponent(data, mant, 0, i)
	}
	return mant, 0, i
}

// tailDecimal is quickDecimal near the end of the text, byte by byte.
func tailDecimal(data []byte, i int) (mant uint64, frac, end int) {
	if i < len(data) {
		i += isMinus(data[i])
	}
	start, point := i, -1
	for ; i < len(data); i++ {
		c := data[i] - '0'
		if c <= 9 {
			mant = mant*10 + uint64(c)
		} else if data[i] == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	digits := i - start
	whole := digits
	if point >= 0 {
		digits--
		frac, whole = i-point-1, point-start
	}
	if whole == 0 || whole > 1 && data[start] == '0' || point >= 0 && frac == 0 ||
		digits > maxQuickDigits || int64(mant) < 0 || at(data, i, '.') {
		return 0, 0, 0
	}
	if at(data, i, 'e') || at(data, i, 'E') {
		return quickExponent(data, mant, frac, i)
	}
	return mant, frac, i
}

// A decimal is mant * 10^exp, or a little more if cut: less than one more in
// mant.
type decimal struct {
	mant uint64
	exp  int
	cut  bool
}

// parseDecimal reads tok, a valid JSON number without its sign, of any length.
func parseDecimal(tok []byte) decimal {
	var d decimal
	point := false
	for i, c := range tok {
		switch {
		case c == '.':
			point = true
		case c|0x20 == 'e':
			d.exp += parseExponent(tok[i+1:])
			return d
		default:
			d.addDigit(c-'0', point)
		}
	}
	return d
}

// addDigit appends a digit to the mantissa, or cuts it off if there are 19.
func (d *decimal) addDigit(digit byte, point bool) {
	const room = 1e18 // below it, one more digit fits 19
	if d.mant < room {
		d.mant = d.mant*10 + uint64(digit)
		if point {
			d.exp--
		}
		return
	}
	d.cut = d.cut || digit != 0
	if !point {
		d.exp++
	}
}

// exponentLimit is where exponents are as good as infinite: only text longer
// than that could make up for them.
const exponentLimit = 1e8

func parseExponent(tok []byte) int {
	neg := tok[0] == '-'
	if neg || tok[0] == '+' {
		tok = tok[1:]
	}
	e := 0
	for _, c := range tok {
		if e < exponentLimit {
			e = e*10 + int(c-'0')
		}
	}
	if neg {
		return -e
	}
	return e
}
