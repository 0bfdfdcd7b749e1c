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
	visits  int         // nodes that a row visits at most
	pool    sync.Pool
}

// scratch is the memory of one prediction.
type scratch[T float] struct {
	keys    []int64
	sums    []T       // of a block: margin by margin, a value a row
	numbers []T       // of leaves, a row each
	margins []T       // of one row
	rows    []float64 // copies for linear leaves
	out     [8]T
}

func (s *scorer[T]) groups() int { return len(s.base) }

func (s *scorer[T]) init() {
	s.block = max(8, min(maxBlock, maxKeyBytes/(8*s.keysOf(1)), maxKeyBytes/(8*s.groups()))&^7)
	s.depth8 = make([]uint16, len(s.roots)/8)
	for i, d := range s.depth {
		s.depth8[i/8] = max(s.depth8[i/8], d)
		s.visits += int(d)
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
	if need := s.keysOf(rows); len(w.keys) < need {
		w.keys = make([]int64, need)
	}
	if need := rows * s.groups(); n >= 8 && len(w.sums) < need {
		w.sums, w.numbers = make([]T, need), make([]T, rows)
	}
	return w
}

// keysOf is how many places the keys of that many rows take.
func (s *scorer[T]) keysOf(rows int) int {
	if s.narrow != nil {
		return (rows*len(s.slots) + 1) / 2
	}
	return rows * len(s.slots)
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

// resolve turns the numbers of leaves in w.out into what they add for a row.
func (s *scorer[T]) resolve(w *scratch[T], width int) {
	if s.linear == nil {
		return
	}
	for k, v := range w.out {
		w.out[k] = T(s.linear.value(float64(v), w.rows[:width]))
	}
}

// one leaves the margins of a row in w.margins.
func one[T, S float](s *scorer[T], w *scratch[T], row []S) {
	fill(&s.filler, w.keys, row)
	if s.groups() == 1 && s.vectors == nil && s.linear == nil {
		w.margins[0] = s.walk.sum(w.keys, s.roots, s.depth8, s.base[0])
		return
	}
	keep(s, w, row, 0)
	copy(w.margins, s.base)
	s.sums(w, len(row))
}

// sums adds each tree to its group's margin, in their order.
func (s *scorer[T]) sums(w *scratch[T], width int) {
	for i, depth := range s.depth8 {
		s.walk.trees(w.keys, (*[8]uint32)(s.roots[8*i:]), int(depth), &w.out)
		s.resolve(w, width)
		if s.vectors != nil {
			s.vectors.add(w.margins, &w.out)
			continue
		}
		if s.group == nil {
			for _, leaf := range w.out {
				w.margins[0] += leaf
			}
			continue
		}
		for k, group := range (*[8]uint32)(s.group[8*i:]) {
			w.margins[group] += w.out[k]
		}
	}
}

// many leaves the sums of n rows, a multiple of eight and no more than a block,
// in w.sums. rows is a matrix of the given width.
func many[T, S float](s *scorer[T], w *scratch[T], rows []S, width, n int) {
	stride := s.keysOf(8)
	for i := range n / 8 {
		fillEight(&s.filler, w.keys[i*stride:(i+1)*stride], rows[8*i*width:8*(i+1)*width], width)
	}
	for r := range n {
		keep(s, w, rows[r*width:(r+1)*width], r)
	}
	for g, base := range s.base {
		sums := w.sums[g*n : (g+1)*n]
		for i := range sums {
			sums[i] = base
		}
	}
	if s.linear != nil || s.vectors != nil {
		s.addNumbered(w, stride, width, n)
		return
	}
	for t, root := range s.roots[:s.trees] {
		s.walk.rows(w.keys, stride, root, int(s.depth[t]), w.sums[s.groupOf(t)*n:][:n])
	}
}

// groupOf is the margin that tree t adds to.
func (s *scorer[T]) groupOf(t int) int {
	if s.group == nil {
		return 0
	}
	return int(s.group[t])
}

// addNumbered adds the trees of a forest whose leaves are numbers of others.
func (s *scorer[T]) addNumbered(w *scratch[T], stride, width, n int) {
	for t, root := range s.roots[:s.trees] {
		numbers := w.numbers[:n]
		clear(numbers)
		s.walk.rows(w.keys, stride, root, int(s.depth[t]), numbers)
		if s.vectors != nil {
			s.vectors.addRows(w.sums, numbers)
			continue
		}
		sums := w.sums[s.groupOf(t)*n:][:n]
		for r, number := range numbers {
			sums[r] += T(s.linear.value(float64(number), w.rows[r*width:(r+1)*width]))
		}
	}
}

// pick leaves the margins of row r of n in w.margins.
func (s *scorer[T]) pick(w *scratch[T], r, n int) {
	for g := range w.margins {
		w.margins[g] = w.sums[g*n+r]
	}
}

func (s *scorer[T]) bytes() int {
	return s.walk.bytes() + s.linear.bytes() + s.vectors.bytes() + s.filler.bytes() +
		4*cap(s.roots) + 2*cap(s.depth) + 2*cap(s.depth8) + 4*cap(s.group)
}
