package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"
)

// A testCase is a model, and what the library that trained it answers.
type testCase struct {
	Name, Group, Model string
	Checks             []check
	folder             string
}

// A check is one output for some rows.
type check struct {
	Output   string
	Rows     matrix
	Expected array
}

// A matrix is dense, or sparse: then row i has the values From[i] to From[i+1],
// in the columns that Column says.
type matrix struct {
	Dense   *array
	Columns int
	From    array
	Column  array
	Values  array
}

// An array is a file of numbers as they are in memory, little-endian; or strings.
type array struct {
	File, Type string
	Shape      []int
	Strings    []string
}

func readCase(file string) (*testCase, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &testCase{folder: filepath.Dir(file)}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// load reads the numbers of an array of the given type.
func load[T int32 | int64 | float32 | float64](folder string, a *array) ([]T, error) {
	names := map[any]string{int32(0): "i32", int64(0): "i64", float32(0): "f32", float64(0): "f64"}
	if want := names[T(0)]; a.Type != want {
		return nil, fmt.Errorf("%s holds %s, not %s", a.File, a.Type, want)
	}
	data, err := os.ReadFile(filepath.Join(folder, a.File))
	if err != nil || len(data) == 0 {
		return nil, err
	}
	n := len(data) / int(unsafe.Sizeof(T(0)))
	out := make([]T, n)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&out[0])), len(data)), data)
	return out, nil
}

// numbers reads an array of floating-point numbers, or of integers.
func (c *testCase) numbers(a *array) ([]float64, error) {
	switch a.Type {
	case "f64":
		return load[float64](c.folder, a)
	case "f32":
		return widened[float32](c.folder, a)
	case "i32":
		return widened[int32](c.folder, a)
	}
	return widened[int64](c.folder, a)
}

func widened[T int32 | int64 | float32](folder string, a *array) ([]float64, error) {
	list, err := load[T](folder, a)
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = float64(v)
	}
	return out, err
}

// rows calls do with blocks of rows, from the first on.
func rows[T float32 | float64](c *testCase, m *matrix, absent T, do func(first, n int, block []T) error) error {
	if m.Dense != nil {
		all, err := load[T](c.folder, m.Dense)
		if err != nil {
			return err
		}
		return do(0, m.Dense.Shape[0], all)
	}
	return sparseRows(c, m, absent, do)
}

// sparseBlock is how many sparse rows are made dense at a time.
const sparseBlock = 40

func sparseRows[T float32 | float64](c *testCase, m *matrix, absent T, do func(first, n int, block []T) error) error {
	from, err := load[int64](c.folder, &m.From)
	if err != nil {
		return err
	}
	column, err := load[int32](c.folder, &m.Column)
	if err != nil {
		return err
	}
	values, err := load[T](c.folder, &m.Values)
	if err != nil {
		return err
	}
	block := make([]T, sparseBlock*m.Columns)
	for first := 0; first < len(from)-1; first += sparseBlock {
		n := min(sparseBlock, len(from)-1-first)
		for i := range block {
			block[i] = absent
		}
		for r := range n {
			for k := from[first+r]; k < from[first+r+1]; k++ {
				block[r*m.Columns+int(column[k])] = values[k]
			}
		}
		if err := do(first, n, block[:n*m.Columns]); err != nil {
			return err
		}
	}
	return nil
}
