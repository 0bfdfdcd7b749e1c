package forest

// A Split is how a node chooses between its children.
type Split uint8

// The splits, and no split.
const (
	Leaf        Split = iota // no children: Value is what the tree adds
	Less                     // x < Value goes left
	AtMost                   // x <= Value goes left
	ListedLeft               // a category of Cats goes left, any other right
	ListedRight              // a category of Cats goes right, any other left
)

// Missing says which values a split treats as absent, and where they go.
type Missing uint8

// The treatments of missing values.
const (
	NaNRight  Missing = iota // NaN goes right
	NaNLeft                  // NaN goes left
	NaNZero                  // NaN counts as 0 (numeric splits only)
	ZeroRight                // NaN and zero go right (numeric splits only)
	ZeroLeft                 // NaN and zero go left (numeric splits only)

	missingKinds = iota
)

// A Node is one node of a tree, as a loader read it. Node 0 is the root.
type Node struct {
	Split       Split
	Missing     Missing
	Left, Right int32    // indexes into the same tree
	Feature     uint32   // column of the row
	Value       float64  // threshold, or the value of a leaf
	Cats        []uint32 // the categories that are listed, in any order
	Linear      *Linear  // of a leaf; nil: it adds Value
	Cover       float32  // how many rows, or how much weight, came here in training; 0: not known
	// Vector is what a leaf adds to the margins, one value each, where every
	// leaf adds to all of them; empty: it adds Value to one.
	Vector []float64
}

func (n *Node) categorical() bool { return n.Split == ListedLeft || n.Split == ListedRight }

// children in the order in which they are laid out: the second is the one that
// a walk takes when its test says 1.
func (n *Node) children() (first, second int32) {
	if n.Split == ListedLeft {
		return n.Right, n.Left
	}
	return n.Left, n.Right
}

// Rules are what a kind of model says about numbers.
type Rules struct {
	// Float32 models cast inputs to float32, compare and add in float32;
	// others do both in float64.
	Float32 bool
	// Tiny is the magnitude up to which an input counts as 0. It is for float64
	// only: in float32 zero alone is.
	Tiny float64
	// FractionalCategory admits categories in (-1, 0) as category 0. Without
	// it every negative one is unlisted.
	FractionalCategory bool
	// WholeCategory lists no number that is not whole. Without it the digits
	// after the point are cut off.
	WholeCategory bool
	// Categories is the bound: a category at or above it is unlisted.
	Categories uint32
	// LeavesApart numbers the leaves of a tree by themselves, in the order in
	// which they are listed; without it a leaf's number is its node's.
	LeavesApart bool
}
