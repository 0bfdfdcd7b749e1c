package lightgbm

// cover gives the nodes their numbers of rows, if the tree has those of all.
// These, not the weights, are what LightGBM's contributions go by.
func (t *treeReader) cover() {
	splits := t.leaves - 1
	if len(t.splitCount) != splits || len(t.leafCount) != t.leaves {
		return
	}
	for i, n := range t.splitCount {
		t.nodes[i].Cover = float32(n)
	}
	for i, n := range t.leafCount {
		t.nodes[splits+i].Cover = float32(n)
	}
}
