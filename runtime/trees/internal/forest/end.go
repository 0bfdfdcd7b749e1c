package forest

// The end of a walk is the place of the leaf that it comes to.

func (s single) end(keys []int64, at uint64) uint64 {
	narrow := narrowKeys(keys)
	for s.nodes[at].step != 0 {
		n := &s.nodes[at]
		at += n.next(narrow[n.slot])
	}
	return at
}

func (s double) end(keys []int64, at uint64) uint64 {
	for s.nodes[at].step != 0 {
		n := &s.nodes[at]
		at += n.next(keys[n.slot])
	}
	return at
}

func (s words[T]) end(keys []int64, at uint64) uint64 {
	for s.links[at]&maxWordStep != 0 {
		at = wordStep(s.thresholds, s.links, keys, at)
	}
	return at
}

func (s mixed[T]) end(keys []int64, at uint64) uint64 {
	for s.nodes[at].step != 0 {
		n := &s.nodes[at]
		at = n.next(s.sets, keys[n.slot], at)
	}
	return at
}
