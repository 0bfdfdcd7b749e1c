package profile

import (
	"cmp"
	"math"
	"slices"
)

// The types of columns, with MLRun's names.
const (
	Int      = "int"
	Int32    = "int32"
	Float    = "float"
	Float32  = "float32"
	Bool     = "bool"
	Text     = "str"
	Datetime = "datetime"
)

// A Table is data in columns of the same length.
type Table struct {
	Rows    int
	Columns []Column
}

// A Column is one feature. It has Values if it is numeric, and Counts if it is not.
type Column struct {
	Name string
	Type string
	// Values are those of the rows, NaN where there is none; of a Bool 0 and 1.
	Values []float64
	// Counts say how often each text is there.
	Counts  map[string]int64
	Missing int64 // rows without a value
}

// Numeric says whether the column has numbers, truth values among them.
func (c *Column) Numeric() bool {
	switch c.Type {
	case Text, Datetime:
		return false
	}
	return true
}

// finite are the values that are numbers, sorted, and how many are infinite.
func (c *Column) finite() (sorted []float64, infinite int64) {
	sorted = make([]float64, 0, len(c.Values))
	for _, v := range c.Values {
		switch {
		case math.IsInf(v, 0):
			infinite++
		case !math.IsNaN(v):
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	return sorted, infinite
}

// Column finds a column by its name; nil if there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// A count is a text and how often it is there.
type count struct {
	value string
	n     int64
}

// most are the texts of a column, the most frequent first.
func most(counts map[string]int64) []count {
	all := make([]count, 0, len(counts))
	for v, n := range counts {
		all = append(all, count{v, n})
	}
	slices.SortFunc(all, func(a, b count) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.value, b.value)) })
	return all
}
