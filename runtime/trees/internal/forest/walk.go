package forest

import "math"

type float interface{ float32 | float64 }

// A walker holds the nodes of a forest in one of the layouts and follows eight
// paths at a time. It is safe for concurrent use.
type walker[T float] interface {
	// trees walks one row down the trees at roots, none deeper than depth.
	// keys holds one key a slot.
	trees(keys []int64, roots *[8]uint32, depth int, out *[8]T)
	// sum walks one row down all trees, of which there are a multiple of eight,
	// and adds the leaves to start in the order of the trees. depth8 says how
	// deep the deepest of each eight is.
	sum(keys []int64, roots []uint32, depth8 []uint16, start T) T
	// rows walks rows down one tree and adds the leaf of each to its sum. There
	// are a multiple of eight. keys holds, slot by slot, the keys of each eight,
	// which begin stride places behind those of the eight before.
	rows(keys []int64, stride int, root uint32, depth int, sums []T)
	// end is the place of the leaf that a walk from a place comes to.
	end(keys []int64, at uint64) uint64
	// node is what stands at a place: a leaf, with its value, at step 0.
	node(at int) (slot, step uint32, value T)
	// tests makes those of the splits at some places, counted from a tree's
	// root: 1 goes to the second child.
	tests(right []uint8, keys []int64, root uint32, at []uint32)
	// bytes is the memory held.
	bytes() int
}

// A walk takes firstLevels levels, then looks every nextLevels whether all
// paths have ended: a tree with one long path costs the others little.
const (
	firstLevels = 8
	nextLevels  = 4
)

// wideLeaf is the value of a leaf in the place of a threshold.
func wideLeaf(threshold int64) float64 { return math.Float64frombits(uint64(threshold)) }

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
