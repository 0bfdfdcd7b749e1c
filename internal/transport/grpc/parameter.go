package grpc

import (
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/serve"
)

// The fields of InferParameter.
const (
	boolParam = iota + 1
	int64Param
	stringParam
	doubleParam
	uint64Param
)

// readParameter reads one entry of a map of parameters, which it makes
// where it is nil. Values are bool, int64, string or float64; a uint64 that int64
// does not hold is a serve.Number.
func (m *inferRequest) readParameter(c *tensorwire.Cursor, to map[string]any) (map[string]any, error) {
	if m.parameters++; m.parameters > maxParameters {
		return to, fmt.Errorf("there are more than %d parameters", maxParameters)
	}
	var key string
	var value any
	err := c.Message(func() error {
		num, typ, err := c.Tag()
		switch {
		case err != nil:
		case num == 1 && typ == protowire.BytesType:
			key, err = label(c, "the name of a parameter")
		case num == 2 && typ == protowire.BytesType:
			err = c.Message(func() error { return readValue(c, &value) })
		default:
			err = c.Skip(typ)
		}
		return err
	})
	if err != nil || value == nil { // a value without a choice says nothing
		return to, err
	}
	if to == nil {
		to = map[string]any{}
	}
	to[key] = value
	return to, nil
}

// readValue reads one field of an InferParameter.
func readValue(c *tensorwire.Cursor, value *any) error {
	num, typ, err := c.Tag()
	switch {
	case err != nil:
	case typ == protowire.VarintType && (num == boolParam || num == int64Param || num == uint64Param):
		var v uint64
		v, err = c.Varint()
		*value = numberParam(num, v)
	case typ == protowire.BytesType && num == stringParam:
		*value, err = c.Text()
	case typ == protowire.Fixed64Type && num == doubleParam:
		var v uint64
		v, err = c.Fixed64()
		*value = math.Float64frombits(v)
	default:
		err = c.Skip(typ)
	}
	return err
}

func numberParam(num protowire.Number, v uint64) any {
	switch {
	case num == boolParam:
		return protowire.DecodeBool(v)
	case num == uint64Param && v > math.MaxInt64:
		return serve.Number(strconv.FormatUint(v, 10))
	}
	return int64(v)
}

// appendParameters appends a map of parameters as field num. Values that the
// protocol has no form for are left out.
func appendParameters(dst []byte, num protowire.Number, m map[string]any) []byte {
	for key, v := range m {
		value, ok := appendParam(nil, v)
		if !ok {
			continue
		}
		entry := appendBytes(nil, 2, value)
		dst = protowire.AppendTag(dst, num, protowire.BytesType)
		dst = protowire.AppendVarint(dst, uint64(sizeText(1, key)+len(entry)))
		dst = append(appendText(dst, 1, key), entry...)
	}
	return dst
}

// appendParam appends an InferParameter.
func appendParam(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case bool:
		return protowire.AppendVarint(protowire.AppendTag(dst, boolParam, protowire.VarintType), protowire.EncodeBool(v)), true
	case int64:
		return protowire.AppendVarint(protowire.AppendTag(dst, int64Param, protowire.VarintType), uint64(v)), true
	case int:
		return appendParam(dst, int64(v))
	case uint64:
		return protowire.AppendVarint(protowire.AppendTag(dst, uint64Param, protowire.VarintType), v), true
	case float64:
		return protowire.AppendFixed64(protowire.AppendTag(dst, doubleParam, protowire.Fixed64Type), math.Float64bits(v)), true
	case string:
		return appendText(dst, stringParam, v), true
	case serve.Number:
		if n, err := strconv.ParseUint(string(v), 10, 64); err == nil {
			return appendParam(dst, n)
		}
		return appendText(dst, stringParam, string(v)), true
	}
	return dst, false
}
