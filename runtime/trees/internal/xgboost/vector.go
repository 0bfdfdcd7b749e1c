package xgboost

import (
	"fmt"
	"slices"
)

// vectorSize is how many values a leaf of a tree with several targets has, 0
// for other trees.
func (t *treeReader) vectorSize() (int, error) {
	size, err := count("size_leaf_vector", t.leafSize)
	if err != nil || size <= 1 {
		return 0, err
	}
	return size, nil
}

// addVectors gives the leaves their values, size each. From version 3.1 on they
// are rows of leaf_weights, and the right child of a leaf is the number of its
// row; before, they were the rows of base_weights, which has one a node.
func (t *treeReader) addVectors(size int) error {
	if size == 0 {
		return nil
	}
	name, list, rows := "leaf_weights", t.leafWeights, len(t.leafWeights)/size
	if len(list) == 0 && len(t.baseWeights) == 0 {
		return errBaseWeights
	}
	if len(list) == 0 {
		name, list, rows = "base_weights", t.baseWeights, len(t.nodes)
	}
	if len(list) != rows*size {
		return fmt.Errorf("%s has %d values, but a leaf has %d", name, len(list), size)
	}
	t.vector = slices.Grow(t.vector[:0], len(list))
	for _, v := range list {
		t.vector = append(t.vector, float64(v))
	}
	leaves := 0
	for i := range t.nodes {
		row := i
		if t.left[i] != noChild {
			continue
		}
		if len(t.leafWeights) > 0 {
			row = int(t.right[i])
		}
		// No more leaves than rows, so that what they hold is no more than the file.
		if leaves++; row < 0 || row >= rows || leaves > rows {
			return fmt.Errorf("node %d: row %d of %s for leaf %d (there are %d)", i, row, name, leaves, rows)
		}
		t.nodes[i].Value, t.nodes[i].Vector = 0, t.vector[row*size:(row+1)*size]
	}
	return nil
}
