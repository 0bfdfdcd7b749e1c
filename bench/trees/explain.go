//go:build cgo && linux

package main

/*
#include "libraries.h"
*/
import "C"

import (
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/leat-ml/leat/runtime/trees"
)

// explainedRows are few, since the libraries take their time.
const explainedRows = 8

// explainGoal is how much of our time a library is to take at least for the
// contributions of a row.
const explainGoal = 1

// newExplanations opens the model of a size and the library that trained it, for
// contributions (SHAP values).
func newExplanations(c config, size, kind string) (*match, error) {
	m, base := &match{}, filepath.Join(c.data, size)
	r := rival{name: columns[0], goal: explainGoal}
	var err error
	if kind == "xgb" {
		m.trainer, r.tolerance, base = "XGBoost", 1e-5, base+".ubj"
		so := filepath.Join(c.packages, "xgboost", "lib", "libxgboost.so")
		r.contender, err = openLibrary(func(text *C.char) *C.library {
			return C.open_xgboost_contribs(C.CString(so), C.CString(base), text, errorLength)
		})
	} else {
		m.trainer, r.tolerance, base = "LightGBM", 1e-9, base+".txt"
		so := filepath.Join(c.packages, "lightgbm", "lib", "lib_lightgbm.so")
		r.contender, err = openLibrary(func(text *C.char) *C.library {
			return C.open_lightgbm_contribs(C.CString(so), C.CString(base), text, errorLength)
		})
	}
	if err = m.add(r, err); err == nil {
		m.ours, m.info, err = openOurs(base, trees.Contrib)
	}
	return m, err
}

// explain measures the contributions of one row at a time.
func (m *match) explain(c config, size string) error {
	rows, err := readRows(filepath.Join(c.data, size+"-full.f32"))
	if err != nil {
		return err
	}
	w := newWorkload(rows[:explainedRows*m.info.Features], m.info.Features, m.info.Groups*(m.info.Features+1))
	defer w.free()
	return m.measure(c, w, 1, false)
}

func printExplanations(out io.Writer, matches []*match) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "SHAP values of one row, model of\tleat us\t%s\t\n", columns[0])
	for _, m := range matches {
		for _, c := range m.cells {
			fmt.Fprintf(t, "%s\t%.3g\t%.3g (%.2fx)\t\n", m.trainer, c.micros(0), c.micros(1), c.ratio(1))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range matches {
		for _, c := range m.cells {
			if c.ratio(1) < explainGoal {
				fmt.Fprintf(out, "MISSED: SHAP values, %s takes %.2f times our time, not %d\n", m.trainer, c.ratio(1), explainGoal)
			}
		}
	}
	return nil
}
