package onnxml

import (
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// joinChains makes one split of nodes that compare a feature with one number
// after another and have one child in common, as exporters write sets of
// categories. Without it the child would be that of several nodes.
func (e *ensemble) joinChains() error {
	for t := range e.trees() {
		if err := joinChains(e.nodes[e.starts[t]:e.starts[t+1]]); err != nil {
			return err
		}
	}
	return nil
}

func joinChains(nodes []forest.Node) error {
	var inner []bool // nodes that go on with the comparison of another
	for i := range nodes {
		if goesOn(nodes, &nodes[i]) {
			if inner == nil {
				inner = make([]bool, len(nodes))
			}
			inner[nodes[i].Right] = true
		}
	}
	if inner == nil {
		return nil
	}
	budget := len(nodes)
	for i := range nodes {
		n := &nodes[i]
		for !inner[i] && goesOn(nodes, n) {
			if budget--; budget < 0 {
				return fmt.Errorf("comparisons are those of several nodes")
			}
			next := &nodes[n.Right]
			n.Cats, n.Right = append(n.Cats, next.Cats...), next.Right
		}
	}
	return nil
}

// goesOn says whether what a node does not list goes to one of the same kind.
func goesOn(nodes []forest.Node, n *forest.Node) bool {
	if n.Split != forest.ListedLeft {
		return false
	}
	next := &nodes[n.Right]
	return next.Split == n.Split && next.Feature == n.Feature && next.Missing == n.Missing && next.Left == n.Left
}
