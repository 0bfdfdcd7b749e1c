package step

import (
	"math"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/parquet"
	"github.com/leat-ml/leat/serve"
)

// parquetKinds are the types that a spec may give a column, in storey's words.
// Integers have 64 bits and floats too, whatever it asks for.
var parquetKinds = map[string]parquet.Kind{
	"str": parquet.Text, "bool": parquet.Bool, "datetime": parquet.Time,
	"int": parquet.Int64, "int8": parquet.Int64, "int16": parquet.Int64, "int32": parquet.Int64, "int64": parquet.Int64,
	"uint8": parquet.Int64, "uint16": parquet.Int64, "uint32": parquet.Int64, "uint64": parquet.Int64,
	"float": parquet.Double, "float16": parquet.Double, "float32": parquet.Double,
}

// A moment is a value of a column of times, in microseconds since 1970.
type moment int64

// cast makes a value one of the type of its column. A column without a type
// takes what comes.
func cast(c *columnSpec, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if c.kind == "" {
		return loose(v)
	}
	switch parquetKinds[c.kind] {
	case parquet.Text:
		if s, ok := v.(string); ok {
			return strings.ToValidUTF8(s, "\ufffd"), nil
		}
	case parquet.Bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case parquet.Double:
		if f, ok := args.Float(v); ok {
			return f, nil
		}
	case parquet.Int64:
		if n, ok := integer(v); ok {
			return n, nil
		}
	case parquet.Time:
		return momentOf(c.name, v)
	}
	return nil, typeError("column %s is of type %s, and the event has %s", c.name, c.kind, args.Describe(v))
}

func integer(v any) (int64, bool) {
	if n, ok := v.(int64); ok {
		return n, true
	}
	f, ok := args.Float(v)
	return int64(f), ok && f == math.Trunc(f) && math.Abs(f) < 1<<53
}

// momentOf reads a time: text, or, unlike times of aggregates, a number of
// seconds, as storey's writers have it.
func momentOf(name string, v any) (any, error) {
	if f, ok := args.Float(v); ok {
		v = f * 1000
	}
	t, err := microseconds(name, v, "")
	return moment(t), err
}

// loose is a value as a column without a type holds it: null, true, a number, a
// time, or text, which for lists and objects is JSON.
func loose(v any) (any, error) {
	switch v := v.(type) {
	case bool, int64, float64:
		return v, nil
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case time.Time:
		return moment(v.UnixMicro()), nil
	case serve.Number:
		return string(v), nil
	}
	if f, ok := args.Float(v); ok {
		return f, nil
	}
	return jsonText(v)
}

func jsonText(v any) (string, error) {
	text, err := oip.AppendValue(nil, v)
	return string(text), err
}

// kinds are the columns that rows have and their kinds, as far as rows have been
// seen: the narrowest that holds all values. What is not all truths, all
// numbers, all times or all text becomes text.
type kinds struct {
	columns []parquet.Column
	at      map[string]int
	blank   []bool // no value so far
}

// declare adds the columns that have a type, so that they have it without a value
// too.
func (k *kinds) declare(columns []columnSpec) {
	k.at = map[string]int{}
	for _, c := range columns {
		if c.kind == "" {
			continue
		}
		k.at[c.name] = len(k.columns)
		k.columns = append(k.columns, parquet.Column{Name: c.name, Kind: parquetKinds[c.kind]})
		k.blank = append(k.blank, false)
	}
}

func (k *kinds) see(cells []serve.Field) {
	for _, c := range cells {
		i, ok := k.at[c.Key]
		if !ok {
			i = len(k.columns)
			k.at[c.Key] = i
			k.columns = append(k.columns, parquet.Column{Name: c.Key, Kind: parquet.Text})
			k.blank = append(k.blank, true)
		}
		if c.Value == nil {
			continue
		}
		kind := kindOf(c.Value)
		if k.blank[i] {
			k.columns[i].Kind, k.blank[i] = kind, false
			continue
		}
		k.columns[i].Kind = wider(k.columns[i].Kind, kind)
	}
}

func kindOf(v any) parquet.Kind {
	switch v.(type) {
	case bool:
		return parquet.Bool
	case int64:
		return parquet.Int64
	case float64:
		return parquet.Double
	case moment:
		return parquet.Time
	}
	return parquet.Text
}

func wider(a, b parquet.Kind) parquet.Kind {
	switch {
	case a == b:
		return a
	case a == parquet.Int64 && b == parquet.Double, a == parquet.Double && b == parquet.Int64:
		return parquet.Double
	}
	return parquet.Text
}

// table are the rows with a value for each column.
func (k *kinds) table(rows []parquetRow) [][]any {
	out := make([][]any, len(rows))
	cells := make([]any, len(rows)*len(k.columns))
	for i, r := range rows {
		out[i] = cells[i*len(k.columns):][:len(k.columns):len(k.columns)]
		for _, c := range r.cells {
			at := k.at[c.Key]
			out[i][at] = widened(k.columns[at].Kind, c.Value)
		}
	}
	return out
}

// widened is a value as its column has it.
func widened(kind parquet.Kind, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case moment:
		if kind == parquet.Time {
			return int64(v)
		}
		return time.UnixMicro(int64(v)).UTC().Format(time.RFC3339Nano)
	case int64:
		if kind == parquet.Double {
			return float64(v)
		}
	}
	if kind != parquet.Text {
		return v
	}
	if s, ok := v.(string); ok {
		return s
	}
	text, err := jsonText(v)
	if err != nil { // cannot be: numbers and truths have text
		return nil
	}
	return text
}
