package ensemble

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/serve"
)

// mean is the weighted mean of every element. Where all answers are the same
// number it is that number: rounding shall not change what nobody doubts.
func (b *ballot) mean(room *Room) (*serve.Tensor, error) {
	switch b.kind {
	case serve.FP64:
		return means[float64](room, b, serve.FP64)
	case serve.FP32:
		return means[float32](room, b, serve.FP32)
	}
	for i := range b.answers {
		t := &b.answers[i]
		if b.counts(i) && t.Datatype == serve.Bytes {
			return nil, fmt.Errorf("model %s: %s has no mean", b.panel.names[i], t.Datatype)
		}
	}
	if b.narrow() {
		return means[float32](room, b, serve.FP32)
	}
	return means[float64](room, b, serve.FP64)
}

// block is how many elements are looked at together, in memory of the stack.
const block = 16

func means[T float32 | float64](room *Room, b *ballot, dt serve.Datatype) (*serve.Tensor, error) {
	t, out, err := fresh[T](room, b.like(), dt)
	if meansOfFew(b, out) {
		return t, err
	}
	for at := 0; at < len(out); at += block {
		meansOf(b, out[at:min(at+block, len(out))], at)
	}
	return t, err
}

// few is how many models an ensemble mostly has at most.
const few = 4

// meansOfFew makes the means where the answers of few models have the type of the
// result, as nearly always: their elements are read where they are. It reports
// false, and does nothing, elsewhere.
func meansOfFew[T float32 | float64](b *ballot, out []T) bool {
	var answers [few][]T
	var weights [few]float64
	n := 0
	for j := range b.answers {
		if !b.counts(j) {
			continue
		}
		v, ok := serve.Data[T](&b.answers[j])
		if !ok || n == few {
			return false
		}
		answers[n], weights[n] = v[:len(out)], b.panel.weights[j]
		n++
	}
	for i := range out {
		first, total, differ := answers[0][i], 0.0, false
		for j, v := range answers[:n] {
			total += weights[j] * float64(v[i])
			if v[i] != first { // NaN too
				differ = true
			}
		}
		out[i] = mean(b, i, first, total, differ)
	}
	return true
}

// mean is the mean of element i: the first answer unless the others differ.
func mean[T float32 | float64](b *ballot, i int, first T, total float64, differ bool) T {
	switch {
	case !differ:
		return first
	case math.IsInf(total, 0):
		return T(b.large(i))
	}
	return T(total / b.total)
}

func meansOf[T float32 | float64](b *ballot, out []T, at int) {
	var first, next, total [block]float64
	var differ [block]bool
	load(first[:len(out)], &b.answers[b.leader], at)
	for j := range b.answers {
		t := &b.answers[j]
		if !b.counts(j) {
			continue
		}
		load(next[:len(out)], t, at)
		w := b.panel.weights[j]
		for i, v := range next[:len(out)] {
			total[i] += w * v
			differ[i] = differ[i] || v != first[i]
		}
	}
	for i := range out {
		out[i] = mean(b, at+i, T(first[i]), total[i], differ[i])
	}
}

// large is the mean of numbers of which the sum overflows, or of infinite ones.
func (b *ballot) large(at int) float64 {
	mean := 0.0
	var v [1]float64
	for j := range b.answers {
		if b.counts(j) {
			load(v[:], &b.answers[j], at)
			mean += b.panel.weights[j] / b.total * v[0]
		}
	}
	return mean
}

// narrow says whether FP32 holds every answer.
func (b *ballot) narrow() bool {
	for i := range b.answers {
		t := &b.answers[i]
		if b.counts(i) && t.Datatype != serve.FP32 && t.Datatype != serve.FP16 && t.Datatype != serve.BF16 {
			return false
		}
	}
	return true
}

// load reads elements of a tensor, from the given one, as float64.
func load(dst []float64, t *serve.Tensor, from int) {
	switch t.Datatype {
	case serve.FP64:
		copy(dst, data[float64](t)[from:])
	case serve.FP32:
		widen(dst, data[float32](t)[from:])
	case serve.Int64:
		widen(dst, data[int64](t)[from:])
	case serve.Int32:
		widen(dst, data[int32](t)[from:])
	case serve.Uint64:
		widen(dst, data[uint64](t)[from:])
	case serve.Uint32:
		widen(dst, data[uint32](t)[from:])
	case serve.Bool:
		for i := range dst {
			dst[i] = 0
			if data[bool](t)[from+i] {
				dst[i] = 1
			}
		}
	default: // small integers and halves, of which few are answered
		for i := range dst {
			dst[i], _ = serve.Number64(t.At(from + i))
		}
	}
}

func widen[T float32 | int64 | int32 | uint64 | uint32](dst []float64, elems []T) {
	for i := range dst {
		dst[i] = float64(elems[i])
	}
}

func data[T serve.Element](t *serve.Tensor) []T {
	v, _ := serve.Data[T](t)
	return v
}
