package onnxml

import (
	"fmt"
	"math"
)

// A transform turns the scores of a row into what is answered (post_transform).
type transform uint8

const (
	none transform = iota
	softmax
	logistic
	softmaxZero
)

func readTransform(name string) (transform, error) {
	switch name {
	case "NONE":
		return none, nil
	case "SOFTMAX":
		return softmax, nil
	case "LOGISTIC":
		return logistic, nil
	case "SOFTMAX_ZERO":
		return softmaxZero, nil
	}
	return 0, fmt.Errorf("post transform %q is not supported", name)
}

type float interface{ float32 | float64 }

// apply transforms the scores of a row in place.
func apply[T float](t transform, scores []T) {
	switch t {
	case none:
	case softmax:
		applySoftmax(scores)
	case softmaxZero:
		applySoftmaxZero(scores)
	case logistic:
		for i, s := range scores {
			scores[i] = T(sigmoid(float32(s)))
		}
	}
}

func sigmoid(v float32) float32 {
	p := 1 / (1 + exp32(-float32(math.Abs(float64(v)))))
	if v < 0 {
		return 1 - p
	}
	return p
}

func top[T float](scores []T) float32 {
	greatest := float32(-math.MaxFloat32)
	for _, s := range scores {
		if s > T(greatest) {
			greatest = float32(s)
		}
	}
	return greatest
}

func applySoftmax[T float](scores []T) {
	greatest, total := top(scores), float32(0)
	for i, s := range scores {
		scores[i] = exponential(s - T(greatest))
		total += float32(scores[i])
	}
	for i := range scores {
		scores[i] /= T(total)
	}
}

// exponential is e^v in the type of v.
func exponential[T float](v T) T {
	if single, ok := any(v).(float32); ok {
		return T(exp32(single))
	}
	return T(math.Exp(float64(v)))
}

// applySoftmaxZero leaves scores of zero out.
func applySoftmaxZero[T float](scores []T) {
	greatest, total := top(scores), float32(0)
	factor := exp32(-greatest)
	for i, s := range scores {
		if s > 0.0000001 || s < -0.0000001 {
			scores[i] = exponential(s - T(greatest))
			total += float32(scores[i])
		} else {
			scores[i] *= T(factor)
		}
	}
	for i := range scores {
		scores[i] /= T(total)
	}
}
