package openapi

import (
	"math"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// tensors are a list of those of a schema; any tensors without one.
func tensors(specs []serve.TensorSpec, input bool, otherwise string) object {
	if len(specs) == 0 {
		return listOf(ref(otherwise))
	}
	var each []any
	least := 0
	for i := range specs {
		each = append(each, tensor(&specs[i], input))
		if input && !specs[i].Optional {
			least++
		}
	}
	items := object{"anyOf": each}
	if len(each) == 1 {
		items = each[0].(object)
	}
	list := object{"type": "array", "items": items, "maxItems": len(each)}
	if input {
		list["minItems"] = least
	}
	return list
}

// tensor is one of a schema, or any. A model's only input is found under any name.
func tensor(s *serve.TensorSpec, input bool) object {
	name, datatype := text(), choice(datatypes()...)
	shape := object{"type": "array", "items": object{"type": "integer", "minimum": 0}}
	values := object{}
	if s != nil {
		name["example"] = s.Name
		if datatype = choice(s.Datatype.String()); s.AnyNumber {
			datatype = choice(numeric()...)
		}
		if s.Shape != nil {
			shape["minItems"], shape["maxItems"], shape["example"] = len(s.Shape), len(s.Shape), lengths(s)
			shape["description"] = shapeText(s)
		}
		values = object{"anyOf": []any{element(s.Datatype), listOf(object{})}}
	}
	t := record(object{
		"name": name, "shape": shape, "datatype": datatype,
		"parameters": ref("Parameters"),
		"data":       object{"type": "array", "items": values, "description": "Row by row, flat or nested; not there if the elements are bytes behind the JSON."},
	}, "name", "shape", "datatype")
	if input {
		t["properties"].(object)["parameters"] = object{
			"type":                 "object",
			"properties":           object{"binary_data_size": object{"type": "integer", "minimum": 0, "description": "How many bytes behind the JSON are the elements."}},
			"additionalProperties": parameter(),
		}
	}
	return t
}

func datatypes() []string {
	var all []string
	for dt := serve.Bool; dt <= serve.Bytes; dt++ {
		all = append(all, dt.String())
	}
	return all
}

func numeric() []string {
	return slices.DeleteFunc(datatypes(), func(name string) bool {
		return name == serve.Bool.String() || name == serve.Bytes.String()
	})
}

// shapeText is the shape of a schema in words, where -1 is any length.
func shapeText(s *serve.TensorSpec) string {
	text := "["
	for i, n := range s.Shape {
		if i > 0 {
			text += ", "
		}
		text += strconv.Itoa(n)
	}
	return text + "], where -1 is any length"
}

// element is one of a datatype in JSON.
func element(dt serve.Datatype) object {
	switch {
	case dt == serve.Bool:
		return object{"type": "boolean"}
	case dt == serve.Bytes:
		return text()
	case limits[dt] != [2]float64{}:
		return object{"type": "integer", "minimum": limits[dt][0], "maximum": limits[dt][1]}
	case dt == serve.Int64 || dt == serve.Uint64:
		return object{"type": "integer"}
	}
	return object{"type": "number", "nullable": true}
}

// limits are those of integers that every number of JSON can be.
var limits = map[serve.Datatype][2]float64{
	serve.Int8: {math.MinInt8, math.MaxInt8}, serve.Int16: {math.MinInt16, math.MaxInt16}, serve.Int32: {math.MinInt32, math.MaxInt32},
	serve.Uint8: {0, math.MaxUint8}, serve.Uint16: {0, math.MaxUint16}, serve.Uint32: {0, math.MaxUint32},
}

// lengths are the least shape that a schema allows.
func lengths(s *serve.TensorSpec) []int {
	shape := make([]int, len(s.Shape))
	for i, n := range s.Shape {
		shape[i] = max(n, 1)
	}
	return shape
}

// largest is how many elements an example has at most.
const largest = 1000

// exampleOf is a request with one row of zeros; nil where there is no schema, or
// JSON has no such elements, or they are many.
func exampleOf(inputs []serve.TensorSpec) object {
	if len(inputs) == 0 {
		return nil
	}
	var all []any
	for i := range inputs {
		s := &inputs[i]
		if s.Optional && (i < len(inputs)-1 || len(all) > 0) { // the last, where there is no other
			continue
		}
		n := 1
		for _, length := range lengths(s) {
			if n *= length; n > largest {
				return nil
			}
		}
		zero := zeroOf(s.Datatype)
		if zero == nil {
			return nil
		}
		data := make([]any, n)
		for i := range data {
			data[i] = zero
		}
		all = append(all, object{"name": s.Name, "shape": lengths(s), "datatype": s.Datatype.String(), "data": data})
	}
	return object{"inputs": all}
}

func zeroOf(dt serve.Datatype) any {
	switch dt {
	case serve.Bool:
		return false
	case serve.Bytes:
		return "text"
	case serve.FP16, serve.BF16, serve.Invalid:
		return nil
	}
	return 0
}
