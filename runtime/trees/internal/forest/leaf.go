package forest

// number is what a prediction may be written as.
type number interface{ float | int32 }

// Leaves writes the numbers of the leaves that n rows come to: those of a row
// together, one a tree, in the order of the trees. XGBoost numbers all nodes of
// a tree, LightGBM and CatBoost its leaves alone. Slices and errors are those of [Predict].
func Leaves[S float](e *Ensemble, dst []int32, rows []S, n int) error {
	if err := e.checkLengths(len(dst), len(rows), n, LeafIndex); err != nil {
		return err
	}
	return predictLeaves(e, dst, rows, n)
}

func predictLeaves[D number, S float](e *Ensemble, dst []D, rows []S, n int) error {
	if err := e.Offers(LeafIndex); err != nil {
		return err
	}
	switch {
	case e.single != nil:
		leaves(e, e.single, dst, rows, n)
	case e.oblivious != nil:
		obliviousLeaves(e, dst, rows, n)
	default:
		leaves(e, e.double, dst, rows, n)
	}
	return nil
}

func leaves[T float, D number, S float](e *Ensemble, s *scorer[T], dst []D, rows []S, n int) {
	names := leafNumbers(e, s.walk)
	w := s.prepare(1)
	defer s.pool.Put(w)
	features := e.info.Features
	for r := range n {
		fill(&s.filler, w.keys, rows[r*features:(r+1)*features])
		out := dst[r*s.trees : (r+1)*s.trees]
		for t, root := range s.roots[:s.trees] {
			at := s.walk.end(w.keys, uint64(root))
			if names == nil {
				out[t] = D(at - uint64(root))
			} else {
				out[t] = D(names[at])
			}
		}
	}
}

// leafNumbers are the numbers of leaves by their places, which are made when
// they are first asked for; nil if the numbers are the places within the trees.
func leafNumbers[T float](e *Ensemble, w walker[T]) []uint32 {
	if e.aside.numbers == nil {
		return nil
	}
	e.numbered.Do(func() {
		e.byPlace = make([]uint32, e.info.Nodes)
		e.made.Add(int64(4 * cap(e.byPlace)))
		next := 0
		for at := range e.byPlace {
			if _, step, _ := w.node(at); step == 0 {
				e.byPlace[at] = e.aside.numbers[next]
				next++
			}
		}
	})
	return e.byPlace
}
