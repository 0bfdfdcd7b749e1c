package xgboost

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// ubj writes values the way XGBoost does.
type ubj []byte

func (u ubj) length(n int) ubj  { return binary.BigEndian.AppendUint64(append(u, 'L'), uint64(n)) }
func (u ubj) key(s string) ubj  { return append(u.length(len(s)), s...) }
func (u ubj) text(s string) ubj { return append(append(u, 'S').length(len(s)), s...) }
func (u ubj) raw(b ...byte) ubj { return append(u, b...) }
func (u ubj) str(s string) ubj  { return append(u, s...) }
func (u ubj) int32s(v ...int32) ubj {
	u = append(u, "[$l#"...).length(len(v))
	for _, x := range v {
		u = binary.BigEndian.AppendUint32(u, uint32(x))
	}
	return u
}
func (u ubj) float32s(v ...float32) ubj {
	u = append(u, "[$d#"...).length(len(v))
	for _, x := range v {
		u = binary.BigEndian.AppendUint32(u, math.Float32bits(x))
	}
	return u
}

func TestUBJNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		doc    ubj
		floats []float32
		ints   []int32 // nil: they are none
	}{
		"typed int32":    {ubj{}.int32s(1, -2, 70000), []float32{1, -2, 70000}, []int32{1, -2, 70000}},
		"typed float32":  {ubj{}.float32s(1.5, -2), []float32{1.5, -2}, nil},
		"typed float64":  {ubj("[$D#U\x01").raw(0x3f, 0xf8, 0, 0, 0, 0, 0, 0), []float32{1.5}, nil},
		"typed uint8":    {ubj("[$U#U\x03").raw(0, 1, 255), []float32{0, 1, 255}, []int32{0, 1, 255}},
		"typed int8":     {ubj("[$i#i\x02").raw(1, 0xff), []float32{1, -1}, []int32{1, -1}},
		"typed int16":    {ubj("[$I#l\x00\x00\x00\x01").raw(0x80, 0), []float32{-32768}, []int32{-32768}},
		"typed int64":    {ubj("[$L#I\x00\x01").raw(0, 0, 0, 0, 0, 0, 1, 0), []float32{256}, []int32{256}},
		"counted":        {ubj("[#U\x03i\x05U\xf0I\x01\x00"), []float32{5, 240, 256}, []int32{5, 240, 256}},
		"up to a marker": {ubj("[i\x05l\x00\x01\x00\x00]"), []float32{5, 65536}, []int32{5, 65536}},
		"booleans":       {ubj("[TF]"), nil, []int32{1, 0}},
		"characters":     {ubj("[$C#U\x01a"), nil, nil},
		"mixed":          {ubj("[i\x01d\x3f\xc0\x00\x00]"), []float32{1, 1.5}, nil},
		"empty":          {ubj("[]"), []float32{}, []int32{}},
		"empty typed":    {ubj("[$l#U\x00"), []float32{}, []int32{}},
	} {
		d := &ubjDocument{data: c.doc}
		if got, err := d.floats(nil); (err == nil) != (c.floats != nil) || !slices.Equal(got, c.floats) && err == nil {
			t.Errorf("%s: floats %v, %v", name, got, err)
		}
		d = &ubjDocument{data: c.doc}
		if got, err := d.ints(nil); (err == nil) != (c.ints != nil) || !slices.Equal(got, c.ints) && err == nil {
			t.Errorf("%s: ints %v, %v", name, got, err)
		}
		d = &ubjDocument{data: c.doc}
		if err := d.skip(); err != nil || d.at != len(c.doc) {
			t.Errorf("%s: skip: %v, at %d of %d", name, err, d.at, len(c.doc))
		}
	}
}

func TestUBJRefuses(t *testing.T) {
	huge := string(binary.BigEndian.AppendUint64([]byte{'L'}, 1<<40))
	for want, doc := range map[string]string{
		"a length of 1099511627776, but at most 0 fit": "[$l#" + huge,
		"a length of 1099511627776, but at most 8 fit": "[$U#" + huge + "12345678",
		"a length of 1099511627776, but at most 3 fit": "[#" + huge + "ZZZ",
		"a length of -1":                     "[$l#i\xff",
		"a length of -9223372036854775808":   "[$d#L\x80\x00\x00\x00\x00\x00\x00\x00",
		"'Z' cannot be read":                 "[$Z#" + huge,
		"a type but no length":               "[$l]",
		"found 'd' where an integer belongs": "[#d\x00\x00\x00\x00",
		"the file ends 1 bytes too early":    "[$",
		"the file ends 4 bytes too early":    "[d",
		"the file ends 3 bytes too early":    "Sl\x00",
		"'N' is no marker":                   "N",
		"nested deeper than 64":              strings.Repeat("[", 250000),
		"nested deeper than 64 levels":       strings.Repeat("{U\x01a", 250000),
		"found 'S' where an integer belongs": "{S",
	} {
		d := &ubjDocument{data: []byte(doc)}
		if err := d.skip(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", doc, err, want)
		}
	}
	for want, doc := range map[string]string{
		"the integer 2147483648 is out of range":  "[$L#U\x01\x00\x00\x00\x00\x80\x00\x00\x00",
		"the integer -2147483649 is out of range": "[L\xff\xff\xff\xff\x7f\xff\xff\xff]",
		"an array of type 'd' where integers":     string(ubj{}.float32s(1)),
		"found 'S' where an integer belongs":      "[SU\x01a]",
		"found '{' where an array belongs":        "{}",
	} {
		if _, err := (&ubjDocument{data: []byte(doc)}).ints(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", doc, err, want)
		}
	}
}

func TestMembersComeOnce(t *testing.T) {
	var s string
	d := newJSON([]byte(`{"x": [{"a": "1"}], "a": "2", "b": {"a": 3}, "a": "4"}`))
	err := readObject(d, []member{text(d, "a", &s)})
	if want := `"a" comes twice in one object`; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}
