package serve

// A Datatype is the type of a tensor's elements, as the Open Inference
// Protocol names them. The zero value is no datatype.
type Datatype uint8

// The datatypes of the Open Inference Protocol, and BF16, which Triton added.
const (
	Invalid Datatype = iota
	Bool
	Uint8
	Uint16
	Uint32
	Uint64
	Int8
	Int16
	Int32
	Int64
	FP16
	FP32
	FP64
	BF16
	Bytes
)

var datatypes = [...]struct {
	name string
	size int
}{
	Invalid: {"", 0},
	Bool:    {"BOOL", 1},
	Uint8:   {"UINT8", 1},
	Uint16:  {"UINT16", 2},
	Uint32:  {"UINT32", 4},
	Uint64:  {"UINT64", 8},
	Int8:    {"INT8", 1},
	Int16:   {"INT16", 2},
	Int32:   {"INT32", 4},
	Int64:   {"INT64", 8},
	FP16:    {"FP16", 2},
	FP32:    {"FP32", 4},
	FP64:    {"FP64", 8},
	BF16:    {"BF16", 2},
	Bytes:   {"BYTES", 0},
}

// String returns the protocol's name, "FP32" for example, and "" for Invalid.
func (d Datatype) String() string {
	if int(d) < len(datatypes) {
		return datatypes[d].name
	}
	return ""
}

// Size is the number of bytes an element takes; 0 for Bytes, whose elements
// have no fixed size, and for Invalid.
func (d Datatype) Size() int {
	if int(d) < len(datatypes) {
		return datatypes[d].size
	}
	return 0
}

// Numeric says whether elements are numbers: everything but BOOL and BYTES.
func (d Datatype) Numeric() bool { return d > Bool && d < Bytes }

// Integer says whether elements are whole numbers.
func (d Datatype) Integer() bool { return d >= Uint8 && d <= Int64 }

// ParseDatatype finds the datatype of that name; Invalid when there is none.
func ParseDatatype(name string) Datatype {
	switch name { // the ones that most requests name, without a loop
	case "FP32":
		return FP32
	case "INT64":
		return Int64
	case "FP64":
		return FP64
	}
	for i := range datatypes {
		if datatypes[i].name == name {
			return Datatype(i)
		}
	}
	return Invalid
}
