package jsontext

//go:generate go run genpow10.go

// pow10Bits holds the first 128 bits of a power of ten, the first of them 1,
// the rest cut off: 10^e lies in [m, m+1) * 2^(floor(log2(10^e))-127), and is
// the lower end where 10^e has no more than 128 bits.
type pow10Bits struct{ hi, lo uint64 }

// log2Pow10 returns floor(log2(10^e)) for |e| <= 1650, by Giulietti's constants
// (see schubfach.go).
func log2Pow10(e int) int { return (e * 1741647) >> 19 }

// exactPow10 are the powers of ten that a float64 holds exactly.
var exactPow10 = [23]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// intPow10 are the powers of ten that a uint64 holds; with zeros behind them, so
// that a masked index needs no check.
var intPow10 = [32]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}
