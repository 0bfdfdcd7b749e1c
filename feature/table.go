package feature

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Table is a source that was read from a CSV file with a header: into memory,
// at Start. An empty cell is a missing value; a column of which every value is a
// number, or true or false, is one of them. Keys are compared as text.
type Table struct {
	path    string
	o       Options
	columns []Column
	rows    map[string]Row
}

// Start reads the file.
func (t *Table) Start(ctx context.Context) error {
	f, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("read features: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := t.read(ctx, f); err != nil {
		return fmt.Errorf("read features from %s: %w", t.path, err)
	}
	return nil
}

// Close implements [Source].
func (t *Table) Close(context.Context) error { return nil }

// Columns implements [Source].
func (t *Table) Columns() []Column { return t.columns }

// Lookup implements [Source].
func (t *Table) Lookup(ctx context.Context, keys []Key) ([]Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows := make([]Row, len(keys))
	for i, k := range keys {
		rows[i] = t.rows[joined(k)]
	}
	return rows, nil
}

// joined is a key as one string. Lengths keep ("a", "bc") and ("ab", "c") apart.
func joined(k Key) string {
	if len(k) == 1 {
		return k[0]
	}
	var b strings.Builder
	for _, v := range k {
		b.WriteString(strconv.Itoa(len(v)))
		b.WriteByte(':')
		b.WriteString(v)
	}
	return b.String()
}

func (t *Table) read(ctx context.Context, from io.Reader) error {
	r := csv.NewReader(from)
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: its first line names the columns")
	}
	if err != nil {
		return err
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	entities, features, err := t.choose(header)
	if err != nil {
		return err
	}
	cells, err := t.cells(ctx, r, entities, features)
	if err != nil {
		return err
	}
	t.columns = make([]Column, len(features))
	for i, at := range features {
		t.columns[i].Name = header[at]
		t.columns[i].Kind = kind(cells, i)
		if t.columns[i].Numeric() {
			t.columns[i].Stats = statistics(numbers(cells, i))
		}
	}
	return nil
}

// choose finds the columns of the key and of the rows.
func (t *Table) choose(header []string) (entities, features []int, err error) {
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return nil, nil, fmt.Errorf("the column %q is there twice", name)
		}
	}
	names := t.o.Entities
	if len(names) == 0 {
		names = header[:1]
	}
	if entities, err = places(header, names); err != nil {
		return nil, nil, err
	}
	if len(t.o.Features) > 0 {
		features, err = places(header, t.o.Features)
		return entities, features, err
	}
	for i := range header {
		if !slices.Contains(entities, i) {
			features = append(features, i)
		}
	}
	if len(features) == 0 {
		return nil, nil, errors.New("there are no columns beside the key")
	}
	return entities, features, nil
}

func places(header, names []string) ([]int, error) {
	at := make([]int, len(names))
	for i, name := range names {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return nil, fmt.Errorf("there is no column %q: there are %s", name, strings.Join(header, ", "))
		}
	}
	return at, nil
}

// cells reads the rows, as text or nil.
func (t *Table) cells(ctx context.Context, r *csv.Reader, entities, features []int) ([]Row, error) {
	var all []Row
	t.rows = map[string]Row{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		key := make(Key, len(entities))
		for i, at := range entities {
			key[i] = record[at]
		}
		name := joined(key)
		if _, dup := t.rows[name]; dup {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: there is a row for %s already", line, strings.Join(key, ", "))
		}
		row := make(Row, len(features))
		for i, at := range features {
			if record[at] != "" {
				row[i] = record[at]
			}
		}
		t.rows[name] = row
		all = append(all, row)
	}
}

// kind turns a column's text into numbers or booleans if all of it is.
func kind(rows []Row, column int) Kind {
	if booleans(rows, column) {
		return Bool
	}
	kind := Int
	for _, row := range rows {
		text, ok := row[column].(string)
		if !ok {
			continue
		}
		v, ok := Number(text)
		if !ok {
			return Text
		}
		if _, whole := v.(int64); !whole {
			kind = Float
		}
	}
	for _, row := range rows {
		if text, ok := row[column].(string); ok {
			row[column] = as(kind, text)
		}
	}
	return kind
}

// booleans turns a column into booleans if all that it has are some.
func booleans(rows []Row, column int) bool {
	found := false
	for _, row := range rows {
		switch row[column] {
		case nil:
		case "true", "True", "false", "False":
			found = true
		default:
			return false
		}
	}
	for _, row := range rows {
		if row[column] != nil {
			row[column] = row[column] == "true" || row[column] == "True"
		}
	}
	return found
}

// as is text that is a number, as one of a kind.
func as(kind Kind, text string) any {
	v, _ := Number(text)
	if i, whole := v.(int64); whole && kind == Float {
		f, _ := strconv.ParseFloat(text, 64)
		if int64(f) == i {
			return f
		}
	}
	return v
}

// numbers are the values of a numeric column, NaN where one is missing.
func numbers(rows []Row, column int) []float64 {
	v := make([]float64, len(rows))
	for i, row := range rows {
		switch x := row[column].(type) {
		case int64:
			v[i] = float64(x)
		case float64:
			v[i] = x
		default:
			v[i] = math.NaN()
		}
	}
	return v
}
