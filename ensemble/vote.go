package ensemble

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/serve"
)

// A Vote is a way to make one answer of several.
type Vote uint8

// The ways. The names are MLRun's, but for Soft.
const (
	// Undeclared is for Infer to find out.
	Undeclared Vote = iota
	// Classification takes, for every element, the class with the most weight,
	// and of classes with the same weight the lowest. Classes are whole numbers,
	// negative ones too, strings and booleans.
	Classification
	// Regression takes the weighted mean of every element.
	Regression
	// Soft takes the weighted mean of rows of probabilities, [rows, classes].
	Soft
)

var votes = [...]string{"", "classification", "regression", "soft"}

// String is the vote as specs write it.
func (v Vote) String() string {
	if int(v) < len(votes) {
		return votes[v]
	}
	return ""
}

// ParseVote reads a vote; "" is Undeclared.
func ParseVote(s string) (Vote, error) {
	for v, name := range votes {
		if s == name {
			return Vote(v), nil
		}
	}
	return Undeclared, fmt.Errorf("vote type %q is neither classification nor regression nor soft", s)
}

// Of is the vote that suits a declared datatype: fractions are averaged,
// anything else is a class.
func Of(dt serve.Datatype) Vote {
	switch dt {
	case serve.Invalid:
		return Undeclared
	case serve.FP16, serve.BF16, serve.FP32, serve.FP64:
		return Regression
	}
	return Classification
}

// Infer tells the vote by the answers themselves: classification when every
// element is a whole number, a string or a boolean, else regression. A zero
// answer says nothing.
func Infer(answers []serve.Tensor) Vote {
	for i := range answers {
		if t := &answers[i]; t.Datatype != serve.Invalid && !classes(t) {
			return Regression
		}
	}
	return Classification
}

// classes says whether every element can be a class.
func classes(t *serve.Tensor) bool {
	if Of(t.Datatype) == Classification {
		return true
	}
	var few [16]float64
	v, err := t.Float64s(few[:])
	return err == nil && notClass(v) < 0
}

// notClass is the index of the first number that is no class; -1 if all are.
// From 2^53 a float64 does not say which whole number it was.
func notClass(v []float64) int {
	for i, x := range v {
		if x != math.Trunc(x) || math.Abs(x) >= 1<<53 {
			return i
		}
	}
	return -1
}
