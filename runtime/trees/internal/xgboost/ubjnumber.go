package xgboost

import (
	"encoding/binary"
	"math"
)

// ubjSize is the width of a number or of a one-byte value, by its marker.
func ubjSize(marker byte) (bytes int, ok bool) {
	switch marker {
	case 'i', 'U', 'C':
		return 1, true
	case 'I':
		return 2, true
	case 'l', 'd':
		return 4, true
	case 'L', 'D':
		return 8, true
	}
	return 0, false
}

// integer reads the value of a marker, which must be an integer's.
func (d *ubjDocument) integer(marker byte) (int64, error) {
	size, ok := ubjSize(marker)
	if !ok || marker == 'd' || marker == 'D' || marker == 'C' {
		return 0, d.fail("found %q where an integer belongs", marker)
	}
	b, err := d.take(size)
	if err != nil {
		return 0, err
	}
	return bigEndian(marker, b), nil
}

func bigEndian(marker byte, b []byte) int64 {
	switch marker {
	case 'i':
		return int64(int8(b[0]))
	case 'U':
		return int64(b[0])
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b)))
	}
	return int64(binary.BigEndian.Uint64(b))
}

func (d *ubjDocument) floats(dst []float32) ([]float32, error) {
	l, err := d.list()
	if err != nil {
		return dst, err
	}
	if l.typ == 0 {
		err := d.each(l, func() error {
			v, err := d.float()
			dst = append(dst, v)
			return err
		})
		return dst, err
	}
	if l.typ == 'C' {
		return dst, d.fail("an array of type %q where numbers belong", l.typ)
	}
	size, _ := ubjSize(l.typ)
	b, err := d.take(size * l.count)
	if err != nil {
		return dst, err
	}
	if l.typ == 'd' {
		return appendFloat32s(dst, b), nil
	}
	for ; len(b) > 0; b = b[size:] {
		dst = append(dst, toFloat32(l.typ, b))
	}
	return dst, nil
}

func appendFloat32s(dst []float32, b []byte) []float32 {
	for ; len(b) >= 4; b = b[4:] {
		dst = append(dst, math.Float32frombits(binary.BigEndian.Uint32(b)))
	}
	return dst
}

func toFloat32(marker byte, b []byte) float32 {
	switch marker {
	case 'd':
		return math.Float32frombits(binary.BigEndian.Uint32(b))
	case 'D':
		return float32(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	return float32(bigEndian(marker, b))
}

func (d *ubjDocument) float() (float32, error) {
	marker, err := d.marker()
	if err != nil {
		return 0, err
	}
	size, ok := ubjSize(marker)
	if !ok || marker == 'C' {
		return 0, d.fail("found %q where a number belongs", marker)
	}
	b, err := d.take(size)
	if err != nil {
		return 0, err
	}
	return toFloat32(marker, b), nil
}

func (d *ubjDocument) ints(dst []int32) ([]int32, error) {
	l, err := d.list()
	if err != nil {
		return dst, err
	}
	if l.typ == 0 {
		err := d.each(l, func() error {
			v, err := d.int()
			dst = append(dst, v)
			return err
		})
		return dst, err
	}
	return d.typedInts(dst, l)
}

func (d *ubjDocument) typedInts(dst []int32, l list) ([]int32, error) {
	if l.typ == 'd' || l.typ == 'D' || l.typ == 'C' {
		return dst, d.fail("an array of type %q where integers belong", l.typ)
	}
	size, _ := ubjSize(l.typ)
	b, err := d.take(size * l.count)
	if err != nil {
		return dst, err
	}
	if l.typ == 'l' {
		return appendInt32s(dst, b), nil
	}
	for ; len(b) > 0; b = b[size:] {
		v := bigEndian(l.typ, b)
		if v != int64(int32(v)) {
			return dst, d.fail("the integer %d is out of range", v)
		}
		dst = append(dst, int32(v))
	}
	return dst, nil
}

func appendInt32s(dst []int32, b []byte) []int32 {
	for ; len(b) >= 4; b = b[4:] {
		dst = append(dst, int32(binary.BigEndian.Uint32(b)))
	}
	return dst
}

// int also takes true and false, which old files have in default_left.
func (d *ubjDocument) int() (int32, error) {
	marker, err := d.marker()
	if err != nil {
		return 0, err
	}
	switch marker {
	case 'T':
		return 1, nil
	case 'F':
		return 0, nil
	}
	v, err := d.integer(marker)
	if err != nil {
		return 0, err
	}
	if v != int64(int32(v)) {
		return 0, d.fail("the integer %d is out of range", v)
	}
	return int32(v), nil
}
