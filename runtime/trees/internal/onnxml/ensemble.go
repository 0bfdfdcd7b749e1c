package onnxml

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// An aggregate is how the leaves that a row reaches become one score a target.
type aggregate uint8

const (
	average aggregate = iota
	sum
	least
	greatest
)

// An ensemble is what a TreeEnsemble operator of any version says.
type ensemble struct {
	targets    int // scores of a row
	aggregate  aggregate
	transform  transform
	base       []float64
	double     bool     // its numbers are float64
	classifier bool     // it answers a label beside the scores
	labels     []int64  // of a classifier; or
	names      []string // its labels as strings

	starts  []int         // of each tree's nodes, and where the last ends
	nodes   []forest.Node // children as numbers within the tree; the first is its root
	from    []int         // of each node's weights, and where the last ends
	weights []weight
}

// A weight is what a leaf adds to a target.
type weight struct {
	target int32
	value  float64
}

func (e *ensemble) trees() int { return len(e.starts) - 1 }

// A mode is how a node compares, by ONNX's number.
type mode uint8

const (
	modeLEQ mode = iota
	modeLT
	modeGTE
	modeGT
	modeEQ
	modeNEQ
	modeMember
	modeLeaf
)

var modeNames = map[string]mode{
	"BRANCH_LEQ": modeLEQ, "BRANCH_LT": modeLT, "BRANCH_GTE": modeGTE, "BRANCH_GT": modeGT,
	"BRANCH_EQ": modeEQ, "BRANCH_NEQ": modeNEQ, "LEAF": modeLeaf,
}

// split makes a node that takes yes where "x mode value" holds, or where x is
// not a number and missing says so, and else no.
func split(m mode, value float64, yes, no int32, missing bool) (forest.Node, error) {
	n := forest.Node{Left: yes, Right: no, Value: value, Missing: forest.NaNRight}
	left := missing // where NaN goes
	switch m {
	case modeLEQ:
		n.Split = forest.AtMost
	case modeLT:
		n.Split = forest.Less
	case modeGT:
		n.Split, n.Left, n.Right, left = forest.AtMost, no, yes, !missing
	case modeGTE:
		n.Split, n.Left, n.Right, left = forest.Less, no, yes, !missing
	case modeEQ:
		n.Split = forest.ListedLeft
	case modeNEQ:
		n.Split = forest.ListedRight
	default:
		return n, fmt.Errorf("a node has mode %d", m)
	}
	if m == modeNEQ && !missing {
		left = true // NaN differs from every number
	}
	if left {
		n.Missing = forest.NaNLeft
	}
	if n.Split == forest.ListedLeft || n.Split == forest.ListedRight {
		if value < 0 || value > maxCategory || value != math.Trunc(value) {
			return n, fmt.Errorf("a node compares with %v for equality", value)
		}
		n.Cats = []uint32{uint32(value)}
	}
	return n, nil
}

// maxCategory is the greatest number that nodes compare with for equality.
const maxCategory = 1 << 20

func readAggregate(name string) (aggregate, error) {
	switch name {
	case "AVERAGE":
		return average, nil
	case "SUM":
		return sum, nil
	case "MIN":
		return least, nil
	case "MAX":
		return greatest, nil
	}
	return 0, fmt.Errorf("aggregate function %q is not known", name)
}

// check is what both versions of the operator want.
func (e *ensemble) check() error {
	if e.trees() < 1 {
		return fmt.Errorf("it has no trees")
	}
	if e.targets < 1 || e.targets > max(len(e.weights), len(e.labels), len(e.names)) {
		return fmt.Errorf("it has %d targets for %d weights", e.targets, len(e.weights))
	}
	for i := range e.nodes {
		if e.nodes[i].Split == forest.Leaf && e.from[i] == e.from[i+1] {
			return fmt.Errorf("a leaf has no weight")
		}
	}
	for _, w := range e.weights {
		if w.target < 0 || int(w.target) >= e.targets {
			return fmt.Errorf("a weight is of target %d of %d", w.target, e.targets)
		}
	}
	return nil
}
