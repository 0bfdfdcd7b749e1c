package onnx

import (
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// elementTypes are ONNX's element types by number (TensorProto.DataType in
// onnx.proto, the same in ONNX Runtime) up to the last that has a datatype.
var elementTypes = [...]serve.Datatype{
	1:  serve.FP32,
	2:  serve.Uint8,
	3:  serve.Int8,
	4:  serve.Uint16,
	5:  serve.Int16,
	6:  serve.Int32,
	7:  serve.Int64,
	8:  serve.Bytes,
	9:  serve.Bool,
	10: serve.FP16,
	11: serve.FP64,
	12: serve.Uint32,
	13: serve.Uint64,
	16: serve.BF16,
}

// narrowTypes are the names of element types that no datatype stands for.
var narrowTypes = map[int]string{
	0: "of no element type", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
	20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "uint2", 25: "int2",
}

// datatypeOf is the datatype of an element type; Invalid if it has none.
func datatypeOf(element int) serve.Datatype {
	if element < 0 || element >= len(elementTypes) {
		return serve.Invalid
	}
	return elementTypes[element]
}

// elementName is what ONNX calls an element type.
func elementName(element int) string {
	if name, ok := narrowTypes[element]; ok {
		return name
	}
	if dt := datatypeOf(element); dt != serve.Invalid {
		return dt.String()
	}
	return fmt.Sprintf("element type %d", element)
}
