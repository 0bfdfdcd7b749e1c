//go:build cgo && linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/leat-ml/leat/runtime/trees"
)

// A rival is a library in a match.
type rival struct {
	name string
	contender
	rows      which
	tolerance float64 // of its margins to ours, relative to the greatest
	goal      float64 // for calls of one row: how much of our time it is to take at least
}

// which rows a rival predicts.
type which uint8

const (
	all which = iota
	full
	missing
)

func (w which) has(m bool) bool { return w == all || w == missing == m }

// Goals for calls of one row.
const (
	xgboostGoal  = 4
	lightgbmGoal = 3
	onnxGoal     = 1.5
	compiledGoal = 1.2
)

const (
	onnxName     = "ONNX Runtime"
	compiledName = "tl2cgen, gcc -O3"
)

// A match is a model, and who predicts with it.
type match struct {
	trainer string
	ours    contender
	info    trees.Info
	rivals  []rival
	cells   []*cell
}

// newMatch opens the model of a size and everything that it is compared with.
func newMatch(c config, size, kind string) (*match, error) {
	m := &match{}
	base := filepath.Join(c.data, size)
	var err error
	if kind == "xgb" {
		err = m.openXGBoost(c, base+".ubj")
	} else {
		err = m.openLightGBM(c, base+".txt")
	}
	if err != nil || c.alone {
		return m, err
	}
	base += "-" + kind
	if err := m.addONNX(c.onnxruntime, base+"-full.onnx", full); err != nil {
		return nil, err
	}
	if err := m.addONNX(c.onnxruntime, base+".onnx", missing); err != nil {
		return nil, err
	}
	if err := m.addCompiled(base + ".so"); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *match) openXGBoost(c config, path string) (err error) {
	m.trainer = "XGBoost"
	if m.ours, m.info, err = openOurs(path, trees.Margin); err != nil || c.alone {
		return err
	}
	theirs, err := openXGBoost(filepath.Join(c.packages, "xgboost", "lib", "libxgboost.so"), path)
	return m.add(rival{name: columns[0], contender: theirs, goal: xgboostGoal}, err)
}

func (m *match) openLightGBM(c config, path string) (err error) {
	m.trainer = "LightGBM"
	if m.ours, m.info, err = openOurs(path, trees.Margin); err != nil || c.alone {
		return err
	}
	theirs, err := openLightGBM(filepath.Join(c.packages, "lightgbm", "lib", "lib_lightgbm.so"), path)
	return m.add(rival{name: columns[0], contender: theirs, goal: lightgbmGoal, tolerance: 1e-12}, err)
}

// add adds a rival, unless opening it failed.
func (m *match) add(r rival, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %s: %w", m.trainer, r.name, err)
	}
	m.rivals = append(m.rivals, r)
	return nil
}

// addONNX adds ONNX Runtime, with memory for inputs and outputs and without.
// It is faster with models that say nothing about missing values, so rows
// without any have a model of their own.
func (m *match) addONNX(so, path string, rows which) error {
	prepared, err := openONNXRuntime(so, path, true)
	err = m.add(rival{name: onnxName, contender: prepared, rows: rows, goal: onnxGoal, tolerance: 1e-3}, err)
	if err != nil {
		return err
	}
	dynamic, err := openONNXRuntime(so, path, false)
	return m.add(rival{name: onnxName + " dynamic", contender: dynamic, rows: rows, goal: onnxGoal, tolerance: 1e-3}, err)
}

// addCompiled adds compiled code, if compile.py could compile it.
func (m *match) addCompiled(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	code, err := openCompiled(path)
	return m.add(rival{name: compiledName, contender: code, goal: compiledGoal, tolerance: 1e-3}, err)
}

// readRows reads a matrix that train.py wrote.
func readRows(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	rows := make([]float32, len(data)/4)
	for i := range rows {
		rows[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return rows, nil
}

// agree compares margins: none may differ by more than tolerance, relative to
// the greatest there is.
func agree(ours, theirs []float64, tolerance float64) error {
	greatest := 0.0
	for _, v := range ours {
		greatest = max(greatest, math.Abs(v))
	}
	for i, v := range ours {
		if d := math.Abs(v - theirs[i]); math.IsNaN(d) || d > tolerance*greatest {
			return fmt.Errorf("margin %d is %v, ours %v", i, theirs[i], v)
		}
	}
	return nil
}
