package jsontext

import "encoding/binary"

// maxQuickDigits is how many digits quickDecimal reads: the number they make
// fits an int64.
const maxQuickDigits = 18

// quickDecimal reads the JSON number at data[i:], behind its sign, if it has the
// usual form: up to 18 digits, a point among them or not, no exponent. The
// number is mant / 10^frac and ends before data[end]; end is 0 if it is not of
// that form, be it valid or not.
func quickDecimal(data []byte, i int) (mant uint64, frac, end int) {
	if len(data)-i < 40 {
		return tailDecimal(data, i)
	}
	start := i
	mant = uint64(data[i] - '0')
	if mant > 9 {
		return 0, 0, 0
	}
	i++
	if data[i] != '.' {
		for mant != 0 && i-start <= maxQuickDigits && data[i]-'0' <= 9 {
			mant = mant*10 + uint64(data[i]-'0')
			i++
		}
		if data[i] != '.' {
			return wholeEnd(data, mant, start, i)
		}
	}
	i++
	n, v := leadingDigits(binary.LittleEndian.Uint64(data[i:]))
	n2, v2 := leadingDigits(binary.LittleEndian.Uint64(data[i+8:]))
	n2 &= -(n >> 3) // the second word counts if the first is all digits
	mant = (mant*intPow10[n&15]+number8(v, n))*intPow10[n2&15] + number8(v2, n2)
	n += n2
	if n == 16 {
		for data[i+n]-'0' <= 9 && n <= maxQuickDigits {
			mant = mant*10 + uint64(data[i+n]-'0')
			n++
		}
	}
	end = i + n
	if n == 0 || end-start > maxQuickDigits+1 || data[end]|0x20 == 'e' {
		return 0, 0, 0
	}
	return mant, n, end
}

// wholeEnd finishes quickDecimal for a number without a point.
func wholeEnd(data []byte, mant uint64, start, i int) (uint64, int, int) {
	if i-start > maxQuickDigits || data[i]-'0' <= 9 || data[i]|0x20 == 'e' {
		return 0, 0, 0
	}
	return mant, 0, i
}

// tailDecimal is quickDecimal near the end of the text, byte by byte.
func tailDecimal(data []byte, i int) (mant uint64, frac, end int) {
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
	if i < len(data) && (data[i]|0x20 == 'e' || data[i] == '.') {
		return 0, 0, 0
	}
	digits := i - start
	whole := digits
	if point >= 0 {
		digits--
		frac, whole = i-point-1, point-start
		if frac == 0 {
			return 0, 0, 0
		}
	}
	if whole == 0 || whole > 1 && data[start] == '0' || digits > maxQuickDigits {
		return 0, 0, 0
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

// maxMantissa is how many digits a decimal's mantissa has at most.
const maxMantissa = 19

// parseDecimal reads tok, a valid JSON number without its sign, of any length.
// Exponents beyond ±exponentLimit are as good as infinite.
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

func (d *decimal) addDigit(digit byte, point bool) {
	const room = 1e18 // below it, one more digit fits 19
	switch {
	case d.mant < room:
		d.mant = d.mant*10 + uint64(digit)
		if point {
			d.exp--
		}
	default:
		d.cut = d.cut || digit != 0
		if !point {
			d.exp++
		}
	}
}

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
