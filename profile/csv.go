package profile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxColumns = 10_000
	maxCells   = 500_000_000
)

// missing are the texts that pandas takes for no value.
var missing = map[string]bool{
	"": true, "#N/A": true, "#N/A N/A": true, "#NA": true, "-1.#IND": true, "-1.#QNAN": true, "-NaN": true, "-nan": true,
	"1.#IND": true, "1.#QNAN": true, "<NA>": true, "N/A": true, "NA": true, "NULL": true, "NaN": true, "None": true,
	"n/a": true, "nan": true, "null": true,
}

// ReadCSV reads a table with the names of its columns in the first line. The types
// are those that pandas finds: int, float, bool and str. The text is read twice:
// for the types, and for the values.
func ReadCSV(r io.ReadSeeker) (*Table, error) {
	var kinds []guess
	names, rows, err := eachRow(r, func(names, cells []string) {
		if kinds == nil {
			kinds = make([]guess, len(names))
		}
		for i, cell := range cells {
			kinds[i].see(cell)
		}
	})
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return nil, errors.New("there are no rows below the names of the columns")
	}
	t := &Table{Rows: rows, Columns: make([]Column, len(names))}
	for i, name := range names {
		t.Columns[i] = Column{Name: name, Type: kinds[i].kind()}
		if t.Columns[i].Numeric() {
			t.Columns[i].Values = make([]float64, 0, rows)
		}
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	_, _, err = eachRow(r, func(_, cells []string) {
		for i, cell := range cells {
			t.Columns[i].add(cell)
		}
	})
	return t, err
}

// eachRow reads the names and tells of each row. The cells are reused.
func eachRow(r io.Reader, tell func(names, cells []string)) (names []string, rows int, err error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	first, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, 0, errors.New("it is empty: the first line has the names of the columns")
	}
	if err != nil {
		return nil, 0, err
	}
	names = slices.Clone(first)
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	if err := checkNames(names); err != nil {
		return nil, 0, err
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return names, rows, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if rows++; rows*len(names) > maxCells {
			return nil, 0, fmt.Errorf("there are more than %d values: a sample of the data will do", maxCells)
		}
		tell(names, cells)
	}
}

// checkNames says what is wrong with the names of columns.
func checkNames(names []string) error {
	if len(names) > maxColumns {
		return fmt.Errorf("there are %d columns, more than %d", len(names), maxColumns)
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		switch {
		case strings.TrimSpace(name) == "":
			return fmt.Errorf("column %d has no name: the first line has the names of the columns", i+1)
		case !utf8.ValidString(name):
			return fmt.Errorf("the name of column %d is not UTF-8", i+1)
		case seen[name]:
			return fmt.Errorf("two columns are called %q", name)
		}
		seen[name] = true
	}
	return nil
}

// A guess is what a column can be, by what was seen of it.
type guess struct{ notInt, notFloat, notBool, missing, some bool }

func (g *guess) see(cell string) {
	if missing[cell] {
		g.missing = true
		return
	}
	g.some = true
	if !g.notBool {
		_, ok := truth(cell)
		g.notBool = !ok
	}
	if !g.notInt {
		_, err := strconv.ParseInt(strings.TrimSpace(cell), 10, 64)
		g.notInt = err != nil
	}
	if g.notInt && !g.notFloat {
		_, ok := number(cell)
		g.notFloat = !ok
	}
}

func (g *guess) kind() string {
	switch {
	case !g.some:
		return Float
	case !g.notInt && !g.missing:
		return Int
	case !g.notInt, !g.notFloat:
		return Float
	case !g.notBool && !g.missing:
		return Bool
	}
	return Text
}

func truth(cell string) (yes, ok bool) {
	switch cell {
	case "True", "TRUE", "true":
		return true, true
	case "False", "FALSE", "false":
		return false, true
	}
	return false, false
}

// number reads a decimal number, or an infinite one.
func number(cell string) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if strings.ContainsAny(cell, "_xXpP") { // Go's own spellings
		return 0, false
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(v) {
		return 0, false
	}
	return v, true
}

// add adds the value of a row, as it is written.
func (c *Column) add(cell string) {
	if missing[cell] {
		c.Missing++
		if c.Numeric() {
			c.Values = append(c.Values, math.NaN())
		}
		return
	}
	switch {
	case c.Type == Bool:
		v := 0.0
		if yes, _ := truth(cell); yes {
			v = 1
		}
		c.Values = append(c.Values, v)
	case c.Numeric():
		v, _ := number(cell) // it was one before
		c.Values = append(c.Values, v)
	default:
		c.count(cell)
	}
}

// count counts a text. It keeps a copy: cells are parts of longer texts.
func (c *Column) count(text string) {
	if c.Counts == nil {
		c.Counts = map[string]int64{}
	}
	if n, ok := c.Counts[text]; ok {
		c.Counts[text] = n + 1
		return
	}
	c.Counts[strings.Clone(text)] = 1
}
