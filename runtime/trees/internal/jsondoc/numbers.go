package jsondoc

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// Floats appends the numbers of an array, each rounded once to float32.
func (d *Document) Floats(dst []float32) ([]float32, error) {
	err := d.Array(func() error {
		token := d.token()
		v, ok := parseFloat32(token)
		if !ok {
			return d.notA("a number", token, len(dst))
		}
		dst = append(dst, v)
		return nil
	})
	return dst, err
}

// Float64s appends the numbers of an array.
func (d *Document) Float64s(dst []float64) ([]float64, error) {
	err := d.Array(func() error {
		v, err := d.Float64()
		dst = append(dst, v)
		return err
	})
	return dst, err
}

// Float64 reads a number.
func (d *Document) Float64() (float64, error) {
	token := d.token()
	if v, ok := notFinite(token); ok {
		return float64(v), nil
	}
	if !isNumber(token) {
		return 0, d.notNumber(token)
	}
	v, err := strconv.ParseFloat(string(token), 64)
	if err != nil {
		return 0, d.notNumber(token)
	}
	return v, nil
}

func (d *Document) notNumber(token []byte) error {
	if len(token) == 0 {
		return d.unexpected("a number")
	}
	return fmt.Errorf("%q is not a number (byte %d)", clip(token), d.at-len(token))
}

// Ints appends the integers of an array. True and false count as 1 and 0.
func (d *Document) Ints(dst []int32) ([]int32, error) {
	err := d.Array(func() error {
		token := d.token()
		v, ok := parseInt32(token)
		if !ok {
			return d.notA("an integer", token, len(dst))
		}
		dst = append(dst, v)
		return nil
	})
	return dst, err
}

func (d *Document) notA(kind string, token []byte, index int) error {
	if len(token) == 0 {
		return fmt.Errorf("element %d: %w", index, d.unexpected(kind))
	}
	return fmt.Errorf("element %d: %q is not %s (byte %d)", index, clip(token), kind, d.at-len(token))
}

// clip shortens what an error quotes.
func clip(token []byte) []byte { return token[:min(len(token), 40)] }

// parseInt32 also takes true and false, which old files have in default_left.
func parseInt32(token []byte) (int32, bool) {
	switch string(token) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	digits := bytes.TrimPrefix(token, []byte("-"))
	if len(digits) == 0 || len(digits) > 10 {
		return 0, false
	}
	v := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	if len(digits) < len(token) {
		v = -v
	}
	return int32(v), v >= math.MinInt32 && v <= math.MaxInt32
}
