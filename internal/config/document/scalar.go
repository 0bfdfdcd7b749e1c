package document

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/serve"
)

var (
	decimal = regexp.MustCompile(`^[-+]?[0-9]+$`)
	octal   = regexp.MustCompile(`^0o[0-7]+$`)
	hex     = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
	float   = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// plain makes a node of a YAML scalar without quotes. ok is false when it is a
// number that float64 cannot be near.
func plain(pos Pos, text string) (n *Node, ok bool) {
	kind, value, ok := resolve(text)
	return newScalar(pos, kind, text, value), ok
}

func newScalar(pos Pos, kind Kind, text string, value any) *Node {
	return &Node{Kind: kind, Pos: pos, Text: text, scalar: value, weight: 1}
}

func text(pos Pos, s string) *Node { return newScalar(pos, String, s, s) }

func resolve(s string) (Kind, any, bool) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return Null, nil, true
	case "true", "True", "TRUE":
		return Bool, true, true
	case "false", "False", "FALSE":
		return Bool, false, true
	case ".nan", ".NaN", ".NAN":
		return Float, math.NaN(), true
	}
	if c := s[0]; c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') {
		return String, s, true // most are, without a look at the patterns
	}
	return number(s)
}

func number(s string) (Kind, any, bool) {
	switch {
	case decimal.MatchString(s):
		return integer(s, strings.TrimPrefix(s, "+"), 10)
	case octal.MatchString(s):
		return integer(s, s[2:], 8)
	case hex.MatchString(s):
		return integer(s, s[2:], 16)
	case float.MatchString(s):
		f, err := strconv.ParseFloat(s, 64)
		return Float, f, err == nil
	}
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case ".inf":
		sign := 1
		if s[0] == '-' {
			sign = -1
		}
		return Float, math.Inf(sign), true
	}
	return String, s, true
}

// integer is the whole number of the digits; a decimal one of any size is
// exact, as a serve.Number where int64 does not hold it.
func integer(s, digits string, base int) (Kind, any, bool) {
	i, err := strconv.ParseInt(digits, base, 64)
	if err == nil {
		return Int, i, true
	}
	if base != 10 {
		return Int, i, false
	}
	return Int, serve.Number(canonical(digits)), true
}

// canonical drops leading zeros, which JSON has none of.
func canonical(digits string) string {
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	return sign + strings.TrimLeft(digits, "0")
}
