package ensemble

import (
	"cmp"
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// majority is the class with the most weight for every element.
func (b *ballot) majority(room *Room) (*serve.Tensor, error) {
	switch dt := b.kind; dt {
	case serve.Int64: // as nearly always
		return classesOf[int64](room, b, dt)
	case serve.Uint64:
		return classesOf[uint64](room, b, dt)
	case serve.Bytes:
		views := make([][]string, len(b.answers))
		for i := range b.answers {
			t := &b.answers[i]
			if b.counts(i) {
				views[i] = t.Strings()
			}
		}
		elems := make([]string, b.like().Len())
		winners(b, elems, views)
		t, err := serve.MakeBytes(b.like().Name, b.like().Shape, elems)
		return &t, err
	default:
		return b.majorityOfNumbers(dt)
	}
}

func classesOf[T int64 | uint64](room *Room, b *ballot, dt serve.Datatype) (*serve.Tensor, error) {
	var few [8][]T
	views := few[:0]
	for i := range b.answers {
		var view []T
		if b.counts(i) {
			view = data[T](&b.answers[i])
		}
		views = append(views, view)
	}
	t, out, err := fresh[T](room, b.like(), dt)
	winners(b, out, views)
	return t, err
}

// majorityOfNumbers counts classes of datatypes that float64 holds, or of
// several datatypes.
func (b *ballot) majorityOfNumbers(dt serve.Datatype) (*serve.Tensor, error) {
	integers := true
	views := make([][]float64, len(b.answers))
	for i := range b.answers {
		t := &b.answers[i]
		if !b.counts(i) {
			continue
		}
		if t.Datatype == serve.Bytes {
			return nil, fmt.Errorf("the models disagree about the classes: those of %s are strings, those of others are not", b.panel.names[i])
		}
		integers = integers && t.Datatype.Integer()
		views[i] = make([]float64, t.Len())
		load(views[i], t, 0)
		if at := notClass(views[i]); at >= 0 {
			return nil, fmt.Errorf("model %s: element %d of %q is %v, which is no class", b.panel.names[i], at, t.Name, views[i][at])
		}
	}
	if dt == serve.Invalid {
		dt = serve.FP64
		if integers {
			dt = serve.Int64
		}
	}
	if b.wholeInt64 && Of(dt) == Regression {
		dt = serve.Int64
	}
	elems := make([]float64, b.like().Len())
	winners(b, elems, views)
	return numbers(b.like(), dt, elems)
}

// numbers is a tensor of whole numbers that the datatype holds.
func numbers(like *serve.Tensor, dt serve.Datatype, elems []float64) (*serve.Tensor, error) {
	switch dt {
	case serve.Bool:
		out := make([]bool, len(elems))
		for i, x := range elems {
			out[i] = x != 0
		}
		return result(like, dt, out)
	case serve.Uint8:
		return result(like, dt, whole[uint8](elems))
	case serve.Uint16:
		return result(like, dt, whole[uint16](elems))
	case serve.Uint32:
		return result(like, dt, whole[uint32](elems))
	case serve.Int8:
		return result(like, dt, whole[int8](elems))
	case serve.Int16:
		return result(like, dt, whole[int16](elems))
	case serve.Int32:
		return result(like, dt, whole[int32](elems))
	case serve.Int64:
		return result(like, dt, whole[int64](elems))
	case serve.FP32, serve.FP16, serve.BF16:
		return result(like, serve.FP32, whole[float32](elems))
	}
	return result(like, serve.FP64, elems)
}

func whole[T uint8 | uint16 | uint32 | int8 | int16 | int32 | int64 | float32](v []float64) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}

// winners finds the class with the most weight for every element.
func winners[T cmp.Ordered](b *ballot, out []T, views [][]T) {
	var fewClasses [8]T
	var fewSums [8]float64
	classes, sums := fewClasses[:0], fewSums[:0]
	for i := range out {
		classes, sums = classes[:0], sums[:0]
		for j, v := range views {
			if !b.counts(j) {
				continue
			}
			at := 0
			for at < len(classes) && classes[at] != v[i] {
				at++
			}
			if at == len(classes) {
				classes, sums = append(classes, v[i]), append(sums, 0)
			}
			sums[at] += b.panel.weights[j]
		}
		out[i] = most(classes, sums, rounding*b.total)
	}
}

// most is the class with the most weight; of several the lowest. Sums that
// differ by rounding only are the same, so that the order in which weights are
// added decides nothing.
func most[T cmp.Ordered](classes []T, sums []float64, rounding float64) T {
	top := sums[0]
	for _, s := range sums {
		top = max(top, s)
	}
	at := -1
	for i, c := range classes {
		if sums[i] >= top-rounding && (at < 0 || c < classes[at]) {
			at = i
		}
	}
	return classes[at]
}
