package forest

import (
	"fmt"
	"math"
	"sync"
)

// An ObliviousTree makes one test a level, whichever way a row has come, as those
// of CatBoost do. Its leaves need no nodes: the number of a leaf has a bit for
// each test, the lowest for the first.
type ObliviousTree struct {
	Tests  []ObliviousTest
	Values []float64 // leaf by leaf, one a margin
	Covers []float32 // how much came to each leaf in training; empty: not known
}

// An ObliviousTest passes if the feature, as float32, is greater than the border.
type ObliviousTest struct {
	Feature uint32
	Border  float32
	NaN     bool // whether a missing value passes
}

// maxTests is the deepest oblivious tree: its leaves must be in the file.
const maxTests = 24

// An ObliviousBuilder collects oblivious trees. It is used by one goroutine, and
// no more after Finish. Its zero value is ready.
type ObliviousBuilder struct {
	o       oblivious
	numbers map[obliviousSlot]uint32
	highest int // feature, plus one
	deepest int
	leaves  int
}

// Trees is how many have been added.
func (b *ObliviousBuilder) Trees() int { return len(b.o.trees) }

// Width is how many margins a leaf adds to; 0 before the first tree.
func (b *ObliviousBuilder) Width() int { return b.o.width }

// Add appends a tree. It keeps nothing of t.
//
// # Errors
//
// A border that is no number, values or covers that are not as many as the leaves
// of a tree with so many tests.
func (b *ObliviousBuilder) Add(t *ObliviousTree) error {
	if err := b.add(t); err != nil {
		return fmt.Errorf("tree %d: %w", b.Trees(), err)
	}
	return nil
}

func (b *ObliviousBuilder) add(t *ObliviousTree) error {
	if err := b.check(t); err != nil {
		return err
	}
	o := &b.o
	from := len(o.tests)
	// The last test is the highest bit: it comes first.
	for i := len(t.Tests) - 1; i >= 0; i-- {
		test := &t.Tests[i]
		o.tests = append(o.tests, obliviousTest{border: ordered32(math.Float32bits(test.Border + 0)), slot: b.slot(test)})
		b.highest = max(b.highest, int(test.Feature)+1)
	}
	o.trees = append(o.trees, obliviousTree{tests: uint32(from), end: uint32(len(o.tests)), values: len(o.values)})
	o.values = append(o.values, t.Values...)
	o.covers = append(o.covers, t.Covers...)
	b.leaves += 1 << len(t.Tests)
	b.deepest = max(b.deepest, len(t.Tests))
	return nil
}

func (b *ObliviousBuilder) check(t *ObliviousTree) error {
	if len(t.Tests) > maxTests {
		return fmt.Errorf("it is deeper than %d levels", maxTests)
	}
	leaves := 1 << len(t.Tests)
	width := len(t.Values) / leaves
	if len(t.Values) != leaves*width || width == 0 {
		return fmt.Errorf("%d values for %d leaves", len(t.Values), leaves)
	}
	if b.o.width != 0 && width != b.o.width {
		return fmt.Errorf("leaves of %d values among others of %d", width, b.o.width)
	}
	if len(t.Covers) != leaves && len(t.Covers) != 0 {
		return fmt.Errorf("%d weights for %d leaves", len(t.Covers), leaves)
	}
	for _, test := range t.Tests {
		if test.Border-test.Border != 0 {
			return fmt.Errorf("a border is %v", test.Border)
		}
	}
	if uint64(len(b.o.tests)+len(t.Tests)) > math.MaxUint32 {
		return fmt.Errorf("the model has more than %d tests", uint32(math.MaxUint32))
	}
	b.o.width = width
	return nil
}

func (b *ObliviousBuilder) slot(t *ObliviousTest) uint32 {
	s := obliviousSlot{t.Feature, math.MinInt32}
	if t.NaN {
		s.missing = math.MaxInt32
	}
	n, ok := b.numbers[s]
	if !ok {
		if b.numbers == nil {
			b.numbers = make(map[obliviousSlot]uint32)
		}
		n = uint32(len(b.o.slots))
		b.numbers[s] = n
		b.o.slots = append(b.o.slots, s)
	}
	return n
}

// Finish returns the ensemble of the trees added. It keeps m's names and Base,
// which is added after the trees. m.Group, m.Weight and m.Divisor are not used.
//
// # Errors
//
// A test of a feature that a row does not have, leaves of more or fewer values
// than there are margins, and names of the wrong number.
func (b *ObliviousBuilder) Finish(m Meta) (*Ensemble, error) {
	if b.highest > m.Features {
		return nil, fmt.Errorf("feature %d is out of range (the model has %d features)", b.highest-1, m.Features)
	}
	if n := len(m.FeatureNames); n != 0 && n != m.Features {
		return nil, fmt.Errorf("%d feature names for %d features", n, m.Features)
	}
	if b.o.width != len(m.Base) && b.Trees() > 0 {
		return nil, fmt.Errorf("leaves of %d values for %d outputs", b.o.width, len(m.Base))
	}
	o := &b.o
	o.bias, o.width = m.Base, len(m.Base)
	o.init()
	e := &Ensemble{transform: m.Transform, scale: m.Scale, oblivious: o}
	e.info = Info{
		Format: m.Format, Booster: m.Booster, Objective: m.Objective,
		Features: m.Features, FeatureNames: m.FeatureNames, Groups: o.width,
		Trees: len(o.trees), Nodes: 2*b.leaves - len(o.trees), Leaves: b.leaves, Depth: b.deepest,
		Bytes: e.bytes(), Float64: true,
	}
	return e, nil
}

// oblivious is a forest of oblivious trees that is ready. It compares in float32
// and adds in float64.
type oblivious struct {
	slots  []obliviousSlot
	tests  []obliviousTest
	trees  []obliviousTree
	values []float64
	bias   []float64 // of each margin
	width  int       // margins
	block  int       // rows that are scored together: a multiple of eight
	binned *binned   // of batches; nil: they are scored as rows are
	pool   sync.Pool // of *obliviousScratch

	covers  []float32 // of the leaves; not those of all trees if some have none
	explain expanded  // what only contributions need
}

// An obliviousSlot is the place of a value that tests compare with.
type obliviousSlot struct {
	feature uint32
	missing int32 // the key of NaN
}

type obliviousTest struct {
	border int32 // ordered as key
	slot   uint32
}

// An obliviousTree is where its tests and its values are.
type obliviousTree struct {
	tests, end uint32
	values     int
}

type obliviousScratch struct {
	row     []int32   // keys of one row, slot by slot; or of a block, eight rows side by side
	margins []float64 // of one row
	sums    []float64 // of a block, row by row
	bins    []uint64  // of a block, lane by lane
}

func (o *oblivious) init() {
	o.block = max(8, min(maxBlock, maxKeyBytes/(4*max(1, len(o.slots))), maxKeyBytes/(8*o.width))&^7)
	o.binned = newBinned(o)
	o.pool.New = func() any {
		return &obliviousScratch{row: make([]int32, 8*len(o.slots)), margins: make([]float64, o.width)}
	}
}

func (o *oblivious) bytes() int {
	const slotBytes, testBytes, treeBytes = 8, 8, 16
	return slotBytes*cap(o.slots) + testBytes*cap(o.tests) + treeBytes*cap(o.trees) + 8*cap(o.values) + 8*cap(o.bias) + o.binned.bytes()
}

func predictOblivious[D, S float](e *Ensemble, dst []D, rows []S, n int, out Output) {
	o := e.oblivious
	w := o.pool.Get().(*obliviousScratch)
	defer o.pool.Put(w)
	features, width := e.info.Features, e.Width(out)
	for n >= 8 {
		block := min(o.block, n&^7)
		manyOblivious(o, w, rows, features, block)
		for r := range block {
			finish(e, dst[r*width:(r+1)*width], w.sums[r*o.width:(r+1)*o.width], out)
		}
		dst, rows, n = dst[block*width:], rows[block*features:], n-block
	}
	for r := range n {
		oneOblivious(o, w, rows[r*features:(r+1)*features])
		finish(e, dst[r*width:(r+1)*width], w.margins, out)
	}
}

// fillOblivious writes the keys of a row at to[0], to[stride] and so on, one a
// slot: integers in the order of the values as float32. A missing value is above
// or below all borders.
func fillOblivious[S float](slots []obliviousSlot, to []int32, stride int, row []S) {
	for i, s := range slots {
		bits := math.Float32bits(float32(row[s.feature]) + 0) // -0 becomes 0
		key := ordered32(bits)
		if bits&math.MaxInt32 > infinity32 {
			key = s.missing
		}
		to[i*stride] = key
	}
}
