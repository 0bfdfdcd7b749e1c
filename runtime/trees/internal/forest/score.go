package forest

import "sync"

// maxKeyBytes bounds the keys of a block of rows, so that they stay in cache.
const (
	maxKeyBytes = 128 << 10
	maxBlock    = 64
)

// A scorer is a forest that is ready: trees, what they start from, and the
// memory that predictions use and give back.
type scorer[T float] struct {
	filler
	walk    walker[T]
	roots   []uint32 // a tree each, then the place of a zero leaf up to a multiple of eight
	depth   []uint16 // a tree each
	depth8  []uint16 // the deepest of each eight
	group   []uint32 // which margin a tree adds to; as long as roots
	trees   int
	linear  *linear     // nil: leaves are numbers
	vectors *vectors[T] // nil: a leaf adds to one margin
	base    []T         // the margins before the first tree
	block   int         // rows walked together: a multiple of eight
	pool    sync.Pool
}

// scratch is the memory of one prediction.
type scratch[T float] struct {
	keys    []int64
	sums    []T       // of a block: group by group of eight rows, margin by margin, eight values each
	margins []T       // of one row
	rows    []float64 // copies for linear leaves
	out     [8]T
}

func (s *scorer[T]) groups() int { return len(s.base) }

func (s *scorer[T]) init() {
	s.block = max(8, min(maxBlock, maxKeyBytes/(8*len(s.slots)), maxKeyBytes/(8*s.groups()))&^7)
	s.depth8 = make([]uint16, len(s.roots)/8)
	for i, d := range s.depth {
		s.depth8[i/8] = max(s.depth8[i/8], d)
	}
	s.pool.New = func() any {
		return &scratch[T]{margins: make([]T, s.groups())}
	}
}

// prepare returns scratch for blocks of n rows.
func (s *scorer[T]) prepare(n int) *scratch[T] {
	w := s.pool.Get().(*scratch[T])
	rows := 1
	if n >= 8 {
		rows = min(s.block, n&^7)
	}
	if need := rows * len(s.slots); len(w.keys) < need {
		w.keys = make([]int64, need)
	}
	if need := rows * s.groups(); n >= 8 && len(w.sums) < need {
		w.sums = make([]T, need)
	}
	return w
}

// keep copies a row for linear leaves, as number r of those walked together.
func keep[T, S float](s *scorer[T], w *scratch[T], row []S, r int) {
	if s.linear == nil {
		return
	}
	if need := (r + 1) * len(row); len(w.rows) < need {
		w.rows = append(w.rows, make([]float64, need-len(w.rows))...)
	}
	copyRow(w.rows[r*len(row):], row, s.rules.Tiny)
}

// resolve turns numbers of leaves in w.out into what they add for a row each,
// the first being number r; or, with step 0, for one row.
func (s *scorer[T]) resolve(w *scratch[T], r, step, width int) {
	if s.linear == nil {
		return
	}
	for k, v := range w.out {
		at := (r + k*step) * width
		w.out[k] = T(s.linear.value(float64(v), w.rows[at:at+width]))
	}
}

// one leaves the margins of a row in w.margins.
func one[T, S float](s *scorer[T], w *scratch[T], row []S) {
	fill(&s.filler, w.keys, 1, row)
	keep(s, w, row, 0)
	if s.groups() == 1 && s.vectors == nil {
		w.margins[0] = s.sum(w, len(row))
	} else {
		copy(w.margins, s.base)
		s.sums(w, len(row))
	}
}

// sum adds up all trees of a forest of one group, in their order.
func (s *scorer[T]) sum(w *scratch[T], width int) T {
	sum := s.base[0]
	for i, depth := range s.depth8 {
		s.walk.trees(w.keys, (*[8]uint32)(s.roots[8*i:]), int(depth), &w.out)
		s.resolve(w, 0, 0, width)
		o := &w.out
		sum = sum + o[0] + o[1] + o[2] + o[3] + o[4] + o[5] + o[6] + o[7]
	}
	return sum
}

// sums adds each tree to its group's margin, in their order.
func (s *scorer[T]) sums(w *scratch[T], width int) {
	for i, depth := range s.depth8 {
		s.walk.trees(w.keys, (*[8]uint32)(s.roots[8*i:]), int(depth), &w.out)
		s.resolve(w, 0, 0, width)
		if s.vectors != nil {
			s.vectors.add(w.margins, &w.out)
			continue
		}
		group := (*[8]uint32)(s.group[8*i:])
		for k := range group {
			w.margins[group[k]] += w.out[k]
		}
	}
}

// many leaves the sums of n rows, a multiple of eight and no more than a block,
// in w.sums. rows is a matrix of the given width.
func many[T, S float](s *scorer[T], w *scratch[T], rows []S, width, n int) {
	stride := 8 * len(s.slots)
	for r := range n {
		row := rows[r*width : (r+1)*width]
		fill(&s.filler, w.keys[r/8*stride+r%8:], 8, row)
		keep(s, w, row, r)
	}
	groups := s.groups()
	for i := range w.sums[:n*groups] {
		w.sums[i] = s.base[i/8%groups]
	}
	for t, root := range s.roots[:s.trees] {
		group := 0
		if groups > 1 {
			group = int(s.group[t])
		}
		for b := range n / 8 {
			s.walk.rows(w.keys[b*stride:(b+1)*stride], root, int(s.depth[t]), &w.out)
			s.resolve(w, 8*b, 1, width)
			if s.vectors != nil {
				s.vectors.addRows(w.sums[b*groups*8:], &w.out)
				continue
			}
			sums := (*[8]T)(w.sums[(b*groups+group)*8:])
			for k := range sums {
				sums[k] += w.out[k]
			}
		}
	}
}

// pick leaves the margins of row r of a block in w.margins.
func (s *scorer[T]) pick(w *scratch[T], r int) {
	groups := s.groups()
	for g := range groups {
		w.margins[g] = w.sums[(r/8*groups+g)*8+r%8]
	}
}

func (s *scorer[T]) bytes() int {
	const slotBytes = 24
	return s.walk.bytes() + s.linear.bytes() + s.vectors.bytes() + 4*cap(s.roots) + 2*cap(s.depth) + 2*cap(s.depth8) + 4*cap(s.group) + slotBytes*cap(s.slots)
}
