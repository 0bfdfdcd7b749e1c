package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	reference "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

var kinds = []Column{{"b", Bool}, {"i", Int64}, {"d", Double}, {"s", Text}, {"t", Time}}

// read reads a file with somebody else's reader. Columns come by name there.
func read(data []byte) (columns []string, rows [][]any, err error) {
	f, err := reference.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, nil, err
	}
	for _, c := range f.Schema().Columns() {
		columns = append(columns, c[0])
	}
	for _, g := range f.RowGroups() {
		r := g.Rows()
		buf := make([]reference.Row, 100)
		for {
			n, err := r.ReadRows(buf)
			for _, row := range buf[:n] {
				var values []any
				for _, v := range row {
					values = append(values, valueOf(v))
				}
				rows = append(rows, values)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, nil, err
			}
		}
		r.Close()
	}
	return columns, rows, nil
}

func valueOf(v reference.Value) any {
	if v.IsNull() {
		return nil
	}
	switch v.Kind() {
	case reference.Boolean:
		return v.Boolean()
	case reference.Int64:
		return v.Int64()
	case reference.Double:
		return v.Double()
	}
	return string(v.ByteArray())
}

// TestRead writes random tables, several row groups each, and wants them back
// from another library.
func TestRead(t *testing.T) {
	gens := map[Kind]*rapid.Generator[any]{
		Bool: rapid.Bool().AsAny(), Int64: rapid.Int64().AsAny(), Time: rapid.Int64().AsAny(),
		Double: rapid.Float64().AsAny(), Text: rapid.String().AsAny(),
	}
	rapid.Check(t, func(rt *rapid.T) {
		var columns []Column
		var names []string
		for i := range rapid.IntRange(1, 20).Draw(rt, "columns") {
			c := Column{fmt.Sprintf("c%02d", i), rapid.SampledFrom(kinds).Draw(rt, "kind").Kind}
			columns, names = append(columns, c), append(names, c.Name)
		}
		var file bytes.Buffer
		w := NewWriter(&file, columns)
		var all [][]any
		for range rapid.IntRange(0, 3).Draw(rt, "groups") {
			var rows [][]any
			for range rapid.IntRange(1, 40).Draw(rt, "rows") {
				row := make([]any, len(columns))
				for i, c := range columns {
					if rapid.IntRange(0, 3).Draw(rt, "null") > 0 {
						row[i] = gens[c.Kind].Draw(rt, "value")
					}
				}
				rows = append(rows, row)
			}
			if err := w.Write(rows); err != nil {
				rt.Fatal(err)
			}
			all = append(all, rows...)
		}
		if err := w.Close(); err != nil {
			rt.Fatal(err)
		}
		gotNames, got, err := read(file.Bytes())
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(names, gotNames); d != "" {
			rt.Errorf("columns (-want +got):\n%s", d)
		}
		if d := cmp.Diff(all, got, cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })); d != "" {
			rt.Errorf("rows (-want +got):\n%s", d)
		}
	})
}

func TestKinds(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, kinds)
	if err := w.Write([][]any{{true, int64(1), 1.5, "x", int64(2)}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := reference.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, field := range f.Schema().Fields() {
		types = append(types, field.Type().String())
	}
	want := []string{"BOOLEAN", "INT64", "DOUBLE", "STRING", "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)"}
	if d := cmp.Diff(want, types); d != "" {
		t.Errorf("types (-want +got):\n%s", d)
	}
}

// full is a disk without room.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return 0, errors.New("no space left on device")
	}
	f.left -= len(p)
	return len(p), nil
}

func TestErrors(t *testing.T) {
	for _, row := range [][]any{{"x"}, {true}, {1}, {int64(1)}, {struct{}{}}} {
		if err := NewWriter(io.Discard, []Column{{"d", Double}}).Write([][]any{row}); err == nil {
			t.Errorf("%T was taken for a float64", row[0])
		}
	}
	for _, room := range []int{0, 10, 100} {
		w := NewWriter(&full{room}, []Column{{"d", Double}})
		err := w.Write([][]any{{1.5}})
		if err = errors.Join(err, w.Close()); err == nil {
			t.Errorf("a file was written to %d bytes", room)
		}
	}
}
