package forest

// The tests of each layout are those of its steps.

func (s single) tests(right []uint8, keys []int64, root uint32, at []uint32) {
	nodes, narrow := s.nodes[root:], narrowKeys(keys)
	right = right[:len(at)]
	for i, k := range at {
		n := &nodes[k]
		right[i] = uint8(bit(narrow[n.slot] > n.limit))
	}
}

func (s double) tests(right []uint8, keys []int64, root uint32, at []uint32) {
	nodes := s.nodes[root:]
	right = right[:len(at)]
	for i, k := range at {
		n := &nodes[k]
		right[i] = uint8(bit(keys[n.slot] >= n.threshold()))
	}
}

func (s words[T]) tests(right []uint8, keys []int64, root uint32, at []uint32) {
	thresholds, links := s.thresholds[root:], s.links[root:]
	right = right[:len(at)]
	for i, k := range at {
		right[i] = uint8(wordRight(thresholds[k], keys[links[k]>>16], links[k]))
	}
}

func (s mixed[T]) tests(right []uint8, keys []int64, root uint32, at []uint32) {
	nodes := s.nodes[root:]
	right = right[:len(at)]
	for i, k := range at {
		n := &nodes[k]
		right[i] = uint8(n.next(s.sets, keys[n.slot], 0) - uint64(n.step&maxStep))
	}
}

func (s single) node(at int) (slot, step uint32, value float32) {
	n := &s.nodes[at]
	return uint32(n.slot), uint32(n.step), n.value()
}

func (s double) node(at int) (slot, step uint32, value float64) {
	n := &s.nodes[at]
	return uint32(n.slot), uint32(n.step), n.value()
}

func (s words[T]) node(at int) (slot, step uint32, value T) {
	return s.links[at] >> 16, s.links[at] & maxWordStep, T(wideLeaf(s.thresholds[at]))
}

func (s mixed[T]) node(at int) (slot, step uint32, value T) {
	n := &s.nodes[at]
	return n.slot, n.step & maxStep, T(wideLeaf(n.threshold))
}
