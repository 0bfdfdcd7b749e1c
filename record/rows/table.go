package rows

import (
	"encoding/json"
	"strconv"

	"github.com/leat-ml/leat/parquet"
	"github.com/leat-ml/leat/record"
)

// A table is the rows of one file to be.
type table struct {
	columns []parquet.Column
	kinds   map[string]parquet.Kind // of the columns
	rows    []map[string]any
}

// maxColumns bounds the columns of a file: names come from requests. What there is no
// column for is left out.
const (
	maxColumns = 4096
	noColumn   = parquet.Kind(-1)
)

// fixed are the columns that every row has, with MLRun's names.
var fixed = []parquet.Column{
	{Name: "endpoint_id", Kind: parquet.Text}, {Name: "timestamp", Kind: parquet.Time}, {Name: "request_id", Kind: parquet.Text},
	{Name: "latency", Kind: parquet.Int64}, {Name: "function_uri", Kind: parquet.Text}, {Name: "model", Kind: parquet.Text},
	{Name: "model_class", Kind: parquet.Text}, {Name: "labels", Kind: parquet.Text}, {Name: "metrics", Kind: parquet.Text}, {Name: "weight", Kind: parquet.Int64},
}

// samples are the inputs and outputs of a record.
type samples struct {
	Request struct{ Inputs json.RawMessage }
	Resp    struct {
		ID      json.RawMessage
		Outputs json.RawMessage
	}
}

// add adds a row for every sample of a record: each of its inputs, and the outputs
// beside it where there are as many. A flat list of inputs is one sample, as in MLRun.
func (t *table) add(r *record.Record, uid string) {
	if t.columns == nil {
		for _, c := range fixed {
			t.column(c.Name, c.Kind)
		}
	}
	var s samples
	if json.Unmarshal(r.AppendJSON(nil), &s) != nil {
		return
	}
	inputs := listsOf(s.Request.Inputs, true)
	outputs := listsOf(s.Resp.Outputs, len(inputs) == 1)
	for i, in := range inputs {
		row := map[string]any{
			"endpoint_id": uid, "timestamp": r.Start.UnixMicro(), "request_id": idOf(s.Resp.ID), "latency": r.Took.Microseconds(),
			"function_uri": r.Function, "model": r.Model, "model_class": r.Class, "weight": int64(max(1, r.Weight)),
		}
		if n := r.Notes; n != nil {
			row["labels"], row["metrics"] = textOf(n.Labels), textOf(n.Metrics)
		}
		t.sample(row, "f", in)
		if i < len(outputs) {
			t.sample(row, "p", outputs[i])
		}
		t.rows = append(t.rows, row)
	}
}

// listsOf are the samples in inputs or outputs. flat says that a list without lists in
// it is one sample; otherwise it is a value a sample.
func listsOf(text json.RawMessage, flat bool) [][]any {
	var v any
	if len(text) == 0 || json.Unmarshal(text, &v) != nil {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return [][]any{{v}}
	}
	var rows [][]any
	nested := false
	for _, item := range list {
		row, isList := item.([]any)
		nested = nested || isList
		if !isList {
			row = []any{item}
		}
		rows = append(rows, row)
	}
	if flat && !nested && len(list) > 0 {
		if _, object := list[0].(map[string]any); !object {
			return [][]any{list}
		}
	}
	return rows
}

// sample puts the values of a sample into columns f0, f1 …, those of a dictionary into
// columns of their names.
func (t *table) sample(row map[string]any, prefix string, values []any) {
	if len(values) == 1 {
		if o, ok := values[0].(map[string]any); ok {
			for name, v := range o {
				t.cell(row, name, v)
			}
			return
		}
	}
	for i, v := range values {
		t.cell(row, prefix+strconv.Itoa(i), v)
	}
}

// cell puts a value into a column, whose kind is that of its first value. What is of
// another kind is left out: null.
func (t *table) cell(row map[string]any, name string, v any) {
	kind := parquet.Text
	switch x := v.(type) {
	case nil:
		return
	case float64:
		kind = parquet.Double
	case bool:
		kind = parquet.Bool
	case string:
	default:
		text, err := json.Marshal(x)
		if err != nil {
			return
		}
		v = string(text)
	}
	if t.column(name, kind) == kind {
		if _, taken := row[name]; !taken {
			row[name] = v
		}
	}
}

// column makes a column unless there is one, and returns its kind.
func (t *table) column(name string, kind parquet.Kind) parquet.Kind {
	if k, ok := t.kinds[name]; ok {
		return k
	}
	if len(t.columns) >= maxColumns {
		return noColumn
	}
	t.kinds[name] = kind
	t.columns = append(t.columns, parquet.Column{Name: name, Kind: kind})
	return kind
}

// cells are the rows with a value for each column, or nil.
func (t *table) cells() [][]any {
	all := make([][]any, len(t.rows))
	for i, row := range t.rows {
		all[i] = make([]any, len(t.columns))
		for j, c := range t.columns {
			all[i][j] = row[c.Name]
		}
	}
	return all
}

func idOf(text json.RawMessage) any {
	var id string
	if json.Unmarshal(text, &id) == nil {
		return id
	}
	return textOf(text)
}

func textOf(text []byte) any {
	if len(text) == 0 {
		return nil
	}
	return string(text)
}
