package shap

// A table has b and then c for the points of a lane.
type table = [2 * lanes]float64

// fill appends the tables for lane k of the rule.
func (t *Tree) fill(dst []table, k int) []table {
	dst = append(dst, table{1, 1, 1, 1}, t.table(1, k))
	for _, z := range t.shares {
		dst = append(dst, t.table(z, k))
	}
	return dst
}

// table is that of a split where the path has the share z of its feature.
func (t *Tree) table(z float64, k int) (out table) {
	for i, x := range t.rule.points[k] {
		g := z + (1-z)*x
		out[i], out[lanes+i] = z*(1-x)/g, z/(g*g)
	}
	return out
}

// A Walk is the memory that explanations use. Its zero value is ready; it
// serves one at a time.
type Walk struct {
	values []lane  // of a slot: P, on the way up U
	taken  []uint8 // whether the row took a side of a split, and those above of the feature
	steps  []step
	tables []table
}

// A step is a split as the row at hand takes it.
type step struct {
	share     float64 // of the other side
	hot, cold uint32
	table     uint32
}

// prepare makes room for a tree.
func (w *Walk) prepare(t *Tree) {
	n := len(t.splits)
	if need := n + len(t.leaves); len(w.values) < need {
		w.values = make([]lane, need)
	}
	if len(w.steps) < n {
		w.steps = make([]step, n)
		w.taken = make([]uint8, 1+2*n)
		w.taken[notAbove] = 1
	}
}

// Explain adds to values what each feature adds to the tree's result for a row;
// right says of each split, in the order of [Tree.Splits], whether the row goes
// to its second child (1) or the first (0).
func (t *Tree) Explain(values []float64, right []uint8, w *Walk) {
	if len(t.splits) == 0 {
		return
	}
	w.prepare(t)
	t.take(right, w)
	for k := range t.rule.points {
		tables := w.tables
		if t.tables != nil {
			tables = t.tables[k]
		} else {
			tables = t.fill(tables[:0], k)
			w.tables = tables
		}
		w.values[0] = t.rule.weights[k]
		t.down(w, tables)
		t.turn(values, w, tables)
		t.up(values, w, tables)
	}
}

// take finds the way of the row.
func (t *Tree) take(right []uint8, w *Walk) {
	splits := t.splits
	right, steps, taken := right[:len(splits)], w.steps[:len(splits)], w.taken[:1+2*len(splits)]
	for i := range splits {
		s, side := &splits[i], right[i]&1
		on := taken[s.above]
		taken[1+2*i], taken[2+2*i] = on&^side, on&side
		steps[i] = step{
			share: s.cold[side], hot: s.child[side], cold: s.child[side^1],
			table: s.table & -uint32(on),
		}
	}
}

// down makes the products of all paths.
func (t *Tree) down(w *Walk, tables []table) {
	values, steps := w.values, w.steps[:t.inner]
	for i := range steps {
		s := &steps[i]
		b, share, p := &tables[s.table], s.share, &values[i]
		p0, p1, p2, p3 := p[0], p[1], p[2], p[3]
		c0, c1, c2, c3 := share*b[0]*p0, share*b[1]*p1, share*b[2]*p2, share*b[3]*p3
		cold, hot := &values[s.cold], &values[s.hot]
		cold[0], cold[1], cold[2], cold[3] = c0, c1, c2, c3
		hot[0], hot[1], hot[2], hot[3] = p0-c0, p1-c1, p2-c2, p3-c3
	}
}

// turn begins the way up, with the splits between two leaves.
func (t *Tree) turn(out []float64, w *Walk, tables []table) {
	for _, l := range t.leaves {
		w.values[l.slot] = lane{l.value, l.value, l.value, l.value}
	}
	steps, splits := w.steps[t.inner:len(t.splits)], t.splits[t.inner:]
	values, ends := w.values[t.inner:len(t.splits)], t.values
	splits, values, ends = splits[:len(steps)], values[:len(steps)], ends[:len(steps)]
	for i := range steps {
		s := &steps[i]
		hot, cold := ends[i][s.hot&1], ends[i][s.cold&1]
		b, p := &tables[s.table], &values[i]
		d := s.share * (hot - cold)
		out[splits[i].feature] += d * (p[0]*b[4] + p[1]*b[5] + p[2]*b[6] + p[3]*b[7])
		p[0], p[1], p[2], p[3] = hot-d*b[0], hot-d*b[1], hot-d*b[2], hot-d*b[3]
	}
}

// up adds up the leaves and what the splits add to their features.
func (t *Tree) up(out []float64, w *Walk, tables []table) {
	values, steps := w.values, w.steps[:t.inner]
	splits := t.splits[:len(steps)]
	for i := len(steps) - 1; i >= 0; i-- {
		s := &steps[i]
		hot, cold, b, p := &values[s.hot], &values[s.cold], &tables[s.table], &values[i]
		share := s.share
		h0, h1, h2, h3 := hot[0], hot[1], hot[2], hot[3]
		d0, d1, d2, d3 := share*(h0-cold[0]), share*(h1-cold[1]), share*(h2-cold[2]), share*(h3-cold[3])
		out[splits[i].feature] += p[0]*b[4]*d0 + p[1]*b[5]*d1 + p[2]*b[6]*d2 + p[3]*b[7]*d3
		p[0], p[1], p[2], p[3] = h0-d0*b[0], h1-d1*b[1], h2-d2*b[2], h3-d3*b[3]
	}
}
