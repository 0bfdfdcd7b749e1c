package forest

// usualTests is how deep CatBoost grows trees unless told otherwise.
const usualTests = 6

// leaf is the number of the leaf that a row comes to.
func (o *oblivious) leaf(t *obliviousTree, row []int32) int {
	tests := o.tests[t.tests:t.end]
	at := uint32(0)
	if len(tests) == usualTests {
		// The loop, unrolled for the depth that most models have.
		u := (*[usualTests]obliviousTest)(tests)
		at = bit32(row[u[0].slot] > u[0].border)
		at = 2*at + bit32(row[u[1].slot] > u[1].border)
		at = 2*at + bit32(row[u[2].slot] > u[2].border)
		at = 2*at + bit32(row[u[3].slot] > u[3].border)
		at = 2*at + bit32(row[u[4].slot] > u[4].border)
		at = 2*at + bit32(row[u[5].slot] > u[5].border)
		return int(at)
	}
	for _, test := range tests {
		at = 2*at + bit32(row[test.slot] > test.border)
	}
	return int(at)
}

// oneOblivious leaves the margins of a row in w.margins.
func oneOblivious[S float](o *oblivious, w *obliviousScratch, row []S) {
	fillOblivious(o.slots, w.row, 1, row)
	if o.width == 1 {
		sum := 0.0
		for i := range o.trees {
			t := &o.trees[i]
			sum += o.values[t.values+o.leaf(t, w.row)]
		}
		w.margins[0] = sum + o.bias[0]
		return
	}
	clear(w.margins)
	for i := range o.trees {
		t := &o.trees[i]
		at := t.values + o.leaf(t, w.row)*o.width
		for g, v := range o.values[at : at+o.width] {
			w.margins[g] += v
		}
	}
	for g, v := range o.bias {
		w.margins[g] += v
	}
}

// manyOblivious leaves the margins of n rows, a multiple of eight and no more
// than a block, in w.sums. rows is a matrix of the given width.
func manyOblivious[S float](o *oblivious, w *obliviousScratch, rows []S, width, n int) {
	stride := 8 * len(o.slots)
	if need := n / 8 * stride; len(w.row) < need {
		w.row = make([]int32, need)
	}
	if need := n * o.width; len(w.sums) < need {
		w.sums = make([]float64, need)
	}
	for r := 0; r < n && stride > 0; r++ {
		fillOblivious(o.slots, w.row[r/8*stride+r%8:], 8, rows[r*width:(r+1)*width])
	}
	clear(w.sums[:n*o.width])
	if o.binned != nil {
		o.bin(w, stride, n/8)
		o.manyBinned(w, n)
	} else {
		o.manyByValue(w, stride, n/8)
	}
	for i := range w.sums[:n*o.width] {
		w.sums[i] += o.bias[i%o.width]
	}
}

// bin counts borders for the rows of a block.
func (o *oblivious) bin(w *obliviousScratch, stride, words int) {
	if need := o.binned.lanes * words; len(w.bins) < need {
		w.bins = make([]uint64, need)
	}
	for b := range words {
		o.binned.fill(w.bins[b:], words, w.row[b*stride:(b+1)*stride])
	}
}

// manyByValue adds the trees to the sums of a block's rows, eight at a time.
func (o *oblivious) manyByValue(w *obliviousScratch, stride, words int) {
	var leaves [8]uint32
	for i := range o.trees {
		t := &o.trees[i]
		for b := range words {
			eightLeaves(o.tests[t.tests:t.end], w.row[b*stride:(b+1)*stride], &leaves)
			o.addEight(w.sums[8*b*o.width:8*(b+1)*o.width], t.values, &leaves)
		}
	}
}

// addEight adds a leaf each to the margins of eight rows.
func (o *oblivious) addEight(sums []float64, values int, leaves *[8]uint32) {
	if o.width == 1 {
		to := (*[8]float64)(sums)
		for k, leaf := range leaves {
			to[k] += o.values[values+int(leaf)]
		}
		return
	}
	for k, leaf := range leaves {
		at := values + int(leaf)*o.width
		to := sums[k*o.width : (k+1)*o.width]
		for g, v := range o.values[at : at+o.width] {
			to[g] += v
		}
	}
}

// eightLeaves finds the leaves of eight rows whose keys lie side by side. It takes
// four at a time: more do not fit the registers.
func eightLeaves(tests []obliviousTest, rows []int32, leaves *[8]uint32) {
	for k := 0; k < 8; k += 4 {
		var a, b, c, d uint32
		for _, test := range tests {
			x, border := (*[4]int32)(rows[8*int(test.slot)+k:]), test.border
			a = 2*a + bit32(x[0] > border)
			b = 2*b + bit32(x[1] > border)
			c = 2*c + bit32(x[2] > border)
			d = 2*d + bit32(x[3] > border)
		}
		*(*[4]uint32)(leaves[k:]) = [4]uint32{a, b, c, d}
	}
}

func bit32(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func obliviousLeaves[D number, S float](e *Ensemble, dst []D, rows []S, n int) {
	o := e.oblivious
	w := o.pool.Get().(*obliviousScratch)
	defer o.pool.Put(w)
	features := e.info.Features
	for r := range n {
		fillOblivious(o.slots, w.row, 1, rows[r*features:(r+1)*features])
		for i := range o.trees {
			dst[r*len(o.trees)+i] = D(o.leaf(&o.trees[i], w.row))
		}
	}
}
