// Package parquet reads training data from Parquet files, apart from package
// profile because of what it links.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/leat-ml/leat/profile"
)

const (
	maxColumns = 10_000
	maxCells   = 500_000_000
	batch      = 1024 // values that are read at once
)

// Read reads a table. Columns of lists and structures are left out. A file that is
// damaged is an error, also where the library panics.
func Read(r io.ReaderAt, size int64) (t *profile.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("no Parquet file, or a damaged one: %w", err)
	}
	fields := f.Root().Columns()
	rows := f.NumRows()
	switch {
	case rows == 0:
		return nil, errors.New("there are no rows")
	case len(fields) > maxColumns:
		return nil, fmt.Errorf("there are %d columns, more than %d", len(fields), maxColumns)
	case rows < 0 || rows > maxCells/int64(max(1, len(fields))):
		return nil, fmt.Errorf("there are more than %d values: a sample of the data will do", maxCells)
	}
	t = &profile.Table{Rows: int(rows)}
	for _, field := range fields {
		if !field.Leaf() || field.Repeated() || strings.HasPrefix(field.Name(), "__index_level_") {
			continue
		}
		c, err := column(field, rows)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", field.Name(), err)
		}
		t.Columns = append(t.Columns, c)
	}
	if len(t.Columns) == 0 {
		return nil, errors.New("there are no columns of numbers or texts")
	}
	return t, nil
}

// column reads one column.
func column(field *parquet.Column, rows int64) (profile.Column, error) {
	c := profile.Column{Name: field.Name(), Type: typeOf(field)}
	if !c.Numeric() {
		c.Counts = map[string]int64{}
	}
	pages := field.Pages()
	defer pages.Close()
	var n int64
	values := make([]parquet.Value, batch)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c, err
		}
		read := page.Values()
		for err == nil {
			var k int
			k, err = read.ReadValues(values)
			if n += int64(k); n > rows {
				parquet.Release(page)
				return c, errors.New("it is longer than the file says")
			}
			for _, v := range values[:k] {
				add(&c, v)
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return c, err
		}
	}
	if n != rows {
		return c, fmt.Errorf("it has %d values of %d", n, rows)
	}
	return finished(c), nil
}

// finished is a column as pandas has it: integers and truth values with some
// missing are of the next wider type.
func finished(c profile.Column) profile.Column {
	if c.Missing == 0 || !c.Numeric() {
		return c
	}
	if c.Type != profile.Bool {
		if c.Type != profile.Float32 {
			c.Type = profile.Float
		}
		return c
	}
	c.Type, c.Counts = profile.Text, map[string]int64{}
	for _, v := range c.Values {
		switch v {
		case 0:
			c.Counts["False"]++
		case 1:
			c.Counts["True"]++
		}
	}
	c.Values = nil
	return c
}

// typeOf is the type of a column as MLRun calls it.
func typeOf(field *parquet.Column) string {
	t := field.Type()
	if l := t.LogicalType(); l != nil {
		switch l.Value.(type) {
		case *format.TimestampType, *format.DateType, *format.TimeType:
			return profile.Datetime
		case *format.DecimalType:
			return profile.Text
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return profile.Bool
	case parquet.Int32:
		return profile.Int32
	case parquet.Int64:
		return profile.Int
	case parquet.Float:
		return profile.Float32
	case parquet.Double:
		return profile.Float
	case parquet.Int96:
		return profile.Datetime
	}
	return profile.Text
}

func add(c *profile.Column, v parquet.Value) {
	if v.IsNull() {
		c.Missing++
		if c.Numeric() {
			c.Values = append(c.Values, math.NaN())
		}
		return
	}
	if !c.Numeric() {
		c.Counts[v.String()]++
		return
	}
	f := toFloat(v)
	if math.IsNaN(f) {
		c.Missing++
	}
	c.Values = append(c.Values, f)
}

func toFloat(v parquet.Value) float64 {
	switch v.Kind() {
	case parquet.Boolean:
		if v.Boolean() {
			return 1
		}
		return 0
	case parquet.Int32:
		return float64(v.Int32())
	case parquet.Int64:
		return float64(v.Int64())
	case parquet.Float:
		return float64(v.Float())
	case parquet.Double:
		return v.Double()
	}
	return math.NaN()
}
