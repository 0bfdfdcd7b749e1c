package main

import (
	"fmt"
	"math"
	"strings"
)

// A limit is how far answers may be from the library's.
type limit struct {
	unit string
	most float64
}

// limitOf is what is promised. Sums in float32 are compared to the unit in the
// last place, exponentials to a few, sums in float64 relative to themselves but
// no less than 1e-4, and SHAP values relative to the greatest of a row or 1.
func limitOf(group, output string) limit {
	library, _, _ := strings.Cut(group, " ")
	switch {
	case output == "leaf" || output == "label":
		return limit{"wrong", 0}
	case output == "contrib":
		return limit{"of the row", 1e-5}
	case library == "xgboost" && output == "margin":
		return limit{"ulp", 1}
	case strings.Contains(group, "expectiles"):
		return limit{"ulp of the row", 2} // sums, which cancel
	case library == "xgboost":
		return limit{"ulp", 4}
	case library == "onnx":
		return limit{"ulp", 2}
	}
	return limit{"relative", 1e-12}
}

// worst is the greatest difference of the answers to some rows.
type worst struct {
	limit
	rows, row  int
	difference float64
	got, want  float64
}

// see compares the answers to rows of a width, the first of which is number
// first.
func (w *worst) see(got, want []float64, width, first int) {
	for i := range got {
		scale := 1.0
		if w.unit != "ulp" {
			scale = greatest(want[i/width*width:(i/width+1)*width], w.unit == "of the row")
		}
		if d := w.distance(got[i], want[i], scale); d > w.difference {
			w.difference, w.row, w.got, w.want = d, first+i/width, got[i], want[i]
		}
	}
}

// greatest is the greatest size among the values of a row, or 1.
func greatest(row []float64, orOne bool) float64 {
	size := 0.0
	if orOne {
		size = 1
	}
	for _, v := range row {
		size = max(size, math.Abs(v))
	}
	return size
}

func (w *worst) distance(got, want, scale float64) float64 {
	switch {
	case got == want, got != got && want != want:
		return 0
	case got != got, want != want, w.unit == "wrong":
		return math.Inf(1)
	case w.unit == "ulp":
		return math.Abs(float64(ordered(got) - ordered(want)))
	case w.unit == "of the row":
		return math.Abs(got-want) / scale
	case w.unit == "ulp of the row":
		unit := math.Nextafter32(float32(scale), math.MaxFloat32) - float32(scale)
		return math.Abs(got-want) / float64(unit)
	}
	return math.Abs(got-want) / max(math.Abs(want), 1e-4)
}

// ordered numbers float32s in their order.
func ordered(v float64) int64 {
	b := int64(math.Float32bits(float32(v)))
	if b >= 1<<31 {
		return 1<<31 - b
	}
	return b
}

func (w *worst) err() error {
	if w.difference <= w.most {
		return nil
	}
	return fmt.Errorf("row %d is %v, want %v: %.3g %s, at most %.3g", w.row, w.got, w.want, w.difference, w.unit, w.most)
}
