package forest

// A Linear makes the value of a leaf a linear function of the row, unless a
// feature in it is missing: then it is the leaf's Value. It is for models that
// compute in float64.
type Linear struct {
	Constant     float64
	Features     []uint32
	Coefficients []float64 // as many
}

// linear are the leaves of a forest in which some are linear functions. Nodes
// then hold the number of a leaf for its value; leaf 0 adds nothing.
type linear struct {
	leaves []linearLeaf
	terms  []linearTerm
}

type linearLeaf struct {
	value, constant float64
	from, to        uint32 // terms
}

type linearTerm struct {
	coefficient float64
	feature     uint32
}

// add returns the number of a leaf.
func (l *linear) add(n *Node) float64 {
	if len(l.leaves) == 0 {
		l.leaves = append(l.leaves, linearLeaf{})
	}
	leaf := linearLeaf{value: n.Value, constant: n.Value, from: uint32(len(l.terms))}
	if n.Linear != nil {
		leaf.constant = n.Linear.Constant
		for i, f := range n.Linear.Features {
			l.terms = append(l.terms, linearTerm{n.Linear.Coefficients[i], f})
		}
	}
	leaf.to = uint32(len(l.terms))
	l.leaves = append(l.leaves, leaf)
	return float64(len(l.leaves) - 1)
}

// value is what a leaf adds for a row.
func (l *linear) value(number float64, row []float64) float64 {
	leaf := &l.leaves[int(number)]
	sum := leaf.constant
	for _, t := range l.terms[leaf.from:leaf.to] {
		x := row[t.feature]
		if x != x {
			return leaf.value
		}
		sum += float64(t.coefficient * x) // rounded before it is added
	}
	return sum
}

func (l *linear) bytes() int {
	if l == nil {
		return 0
	}
	return 32*cap(l.leaves) + 16*cap(l.terms)
}

// copyRow keeps a row for linear leaves, with what counts as zero made zero.
func copyRow[S float](dst []float64, row []S, tiny float64) {
	for i, v := range row {
		x := float64(v)
		if x <= tiny && x >= -tiny {
			x = 0
		}
		dst[i] = x
	}
}
