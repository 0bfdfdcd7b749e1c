package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// value is a number of a row.
func value(i int) float32 { return float32(i%29)/8 - 1.5 }

// numbersOf are rows in bytes.
func numbersOf(rows int) (raw []byte) {
	for i := range rows * columns {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(value(i)))
	}
	return raw
}

// restRequest is the same rows in JSON.
func restRequest(model string, rows int) (path string, body []byte) {
	body = fmt.Appendf(nil, `{"inputs":[{"name":"x","shape":[%d,%d],"datatype":"FP32","data":[`, rows, columns)
	for i := range rows * columns {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendFloat(body, float64(value(i)), 'g', -1, 32)
	}
	return "/v2/models/" + model + "/infer", append(body, `]}]}`...)
}
