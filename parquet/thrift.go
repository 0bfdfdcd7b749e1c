package parquet

import "encoding/binary"

// The types of fields in Thrift's compact protocol.
const (
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// A thrift appends structs in Thrift's compact protocol. Fields are written in
// the order of their ids.
type thrift struct {
	out  []byte
	last []int16 // the id of the last field of each open struct
}

func (t *thrift) field(id int16, kind byte) {
	at := len(t.last) - 1
	if delta := id - t.last[at]; delta > 0 && delta <= 15 {
		t.out = append(t.out, byte(delta)<<4|kind)
	} else {
		t.out = append(t.out, kind)
		t.out = binary.AppendVarint(t.out, int64(id))
	}
	t.last[at] = id
}

// begin and end stand around the fields of a struct.
func (t *thrift) begin() { t.last = append(t.last, 0) }

func (t *thrift) end() {
	t.out = append(t.out, 0)
	t.last = t.last[:len(t.last)-1]
}

func (t *thrift) i32(id int16, v int32) {
	t.field(id, thriftI32)
	t.out = binary.AppendVarint(t.out, int64(v))
}

func (t *thrift) i64(id int16, v int64) {
	t.field(id, thriftI64)
	t.out = binary.AppendVarint(t.out, v)
}

func (t *thrift) text(id int16, s string) {
	t.field(id, thriftBinary)
	t.bare(s)
}

// bare is text that is an element of a list.
func (t *thrift) bare(s string) {
	t.out = binary.AppendUvarint(t.out, uint64(len(s)))
	t.out = append(t.out, s...)
}

// list begins a list of n elements, which follow.
func (t *thrift) list(id int16, kind byte, n int) {
	t.field(id, thriftList)
	if n < 15 {
		t.out = append(t.out, byte(n)<<4|kind)
		return
	}
	t.out = append(t.out, 0xf0|kind)
	t.out = binary.AppendUvarint(t.out, uint64(n))
}

// structure begins a struct that is a field.
func (t *thrift) structure(id int16) {
	t.field(id, thriftStruct)
	t.begin()
}
