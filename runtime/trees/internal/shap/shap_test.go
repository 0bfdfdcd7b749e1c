package shap

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// random is a tree with splits by few features, its nodes breadth-first, and the
// way that a row takes at each.
func random(r *rand.Rand, splits, features int) (nodes []Node, right []uint8) {
	nodes, right = []Node{{Cover: 1000}}, make([]uint8, 2*splits+1)
	open := []int{0}
	children := make(map[int][2]int)
	for range splits {
		k := r.IntN(len(open))
		at := open[k]
		open[k] = open[len(open)-1]
		open = append(open[:len(open)-1], len(nodes), len(nodes)+1)
		children[at] = [2]int{len(nodes), len(nodes) + 1}
		part := float32(r.IntN(11)) / 10
		cover := nodes[at].Cover
		nodes[at].Feature = uint32(r.IntN(features))
		nodes = append(nodes, Node{Cover: part * cover}, Node{Cover: cover - part*cover})
	}
	return breadthFirst(r, nodes, children, right)
}

func breadthFirst(r *rand.Rand, nodes []Node, children map[int][2]int, right []uint8) ([]Node, []uint8) {
	order, out := []int{0}, []Node(nil)
	for i := 0; i < len(order); i++ {
		n := nodes[order[i]]
		right[i] = uint8(r.IntN(2))
		n.Value = r.NormFloat64()
		if c, ok := children[order[i]]; ok {
			n.First = uint32(len(order))
			order = append(order, c[0], c[1])
		}
		out = append(out, n)
	}
	return out, right
}

// expect is what the tree is expected to be when the features of a set are
// known.
func expect(nodes []Node, right []uint8, known uint64, at uint32) float64 {
	n := nodes[at]
	if n.First == 0 {
		return n.Value
	}
	if known>>n.Feature&1 == 1 {
		return expect(nodes, right, known, n.First+uint32(right[at]))
	}
	p := portion(nodes[n.First].Cover, nodes[n.First+1].Cover)
	return p*expect(nodes, right, known, n.First) + (1-p)*expect(nodes, right, known, n.First+1)
}

// shapley is the definition: the mean, over all orders of the features, of what
// knowing one more changes.
func shapley(nodes []Node, right []uint8, features int) []float64 {
	worth := make([]float64, 1<<features)
	for s := range worth {
		worth[s] = expect(nodes, right, uint64(s), 0)
	}
	out := make([]float64, features)
	for s, without := range worth {
		for f := range features {
			if s>>f&1 == 0 {
				out[f] += (worth[s|1<<f] - without) * weight(bits.OnesCount(uint(s)), features)
			}
		}
	}
	return out
}

// weight is k! (n-k-1)! / n!.
func weight(k, n int) float64 {
	a, _ := math.Lgamma(float64(k + 1))
	b, _ := math.Lgamma(float64(n - k))
	c, _ := math.Lgamma(float64(n + 1))
	return math.Exp(a + b - c)
}

func explain(nodes []Node, right []uint8, features int, w *Walk) (values []float64, t *Tree) {
	t = NewTree(nodes)
	inOrder := make([]uint8, len(t.Splits()))
	for i, at := range t.Splits() {
		inOrder[i] = right[at]
	}
	values = make([]float64, features)
	t.Explain(values, inOrder, w)
	return values, t
}

// TestDefinition compares with sums over all coalitions.
func TestDefinition(t *testing.T) {
	w := new(Walk)
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		features := rapid.IntRange(1, 11).Draw(t, "features")
		nodes, right := random(r, rapid.IntRange(0, 60).Draw(t, "splits"), features)
		got, tree := explain(nodes, right, features, w)
		want := shapley(nodes, right, features)
		for f := range want {
			if !(math.Abs(got[f]-want[f]) <= 1e-12) {
				t.Fatalf("feature %d: %v, want %v", f, got[f], want[f])
			}
		}
		if mean := expect(nodes, right, 0, 0); math.Abs(tree.Expected()-mean) > 1e-12 {
			t.Fatalf("expected %v, want %v", tree.Expected(), mean)
		}
	})
}

// chain is a tree of one long path, with a feature a split or with few of them.
func chain(r *rand.Rand, depth, features int) (nodes []Node, right []uint8) {
	nodes, right = []Node{{Cover: 1}}, []uint8{0}
	for at, i := uint32(0), 0; i < depth; i++ {
		n := &nodes[at]
		n.First, n.Feature = uint32(len(nodes)), uint32(i%features)
		part := float32(0.5 + 0.5*r.Float64())
		nodes = append(nodes, Node{Cover: n.Cover * part, Value: r.NormFloat64()}, Node{Cover: n.Cover * (1 - part), Value: r.NormFloat64()})
		right = append(right, uint8(bit(r.IntN(50) == 0)), uint8(r.IntN(2)))
		at = uint32(len(nodes) - 2)
	}
	return nodes, right
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestDeepTreesAddUp looks at trees for which the quadrature is not exact, and
// at tables that are not kept.
func TestDeepTreesAddUp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct{ depth, features int }{{20, 20}, {40, 17}, {100, 100}, {700, 700}, {4096, 4096}, {4096, 60}} {
		nodes, right := chain(r, c.depth, c.features)
		got, tree := explain(nodes, right, c.features, new(Walk))
		sum := tree.Expected()
		for _, v := range got {
			sum += v
		}
		want := expect(nodes, right, math.MaxUint64, 0)
		if c.features > 64 {
			want = follow(nodes, right)
		}
		if !(math.Abs(sum-want) <= 1e-12*float64(c.depth)) {
			t.Errorf("%+v: %d points: the sum is %v, want %v", c, tree.Points(), sum, want)
		}
	}
}

// follow is the value of the leaf that the row comes to.
func follow(nodes []Node, right []uint8) float64 {
	at := uint32(0)
	for nodes[at].First != 0 {
		at = nodes[at].First + uint32(right[at])
	}
	return nodes[at].Value
}

// TestSymmetricFeatures: on a path of many features that all send the same
// share on, each adds as much as any other.
func TestSymmetricFeatures(t *testing.T) {
	const depth = 1000
	nodes, right := []Node{{Cover: 1}}, make([]uint8, 2*depth+1)
	for i, at := 0, uint32(0); i < depth; i++ {
		n := &nodes[at]
		n.First, n.Feature = uint32(len(nodes)), uint32(i)
		nodes = append(nodes, Node{Cover: 0.75}, Node{Cover: 0.25})
		at = uint32(len(nodes) - 2)
	}
	nodes[len(nodes)-2].Value = 1
	got, tree := explain(nodes, right, depth, new(Walk))
	want := (1 - tree.Expected()) / depth
	for f, v := range got {
		if math.Abs(v-want) > 1e-13 {
			t.Fatalf("feature %d: %v, want %v", f, v, want)
		}
	}
}

func TestRule(t *testing.T) {
	for _, n := range []int{4, 8, 12, 40, 196} {
		r := newRule(n)
		for _, degree := range []int{0, 1, 3, 2*n - 1} {
			sum := 0.0
			for k, points := range r.points {
				for i, x := range points {
					sum += r.weights[k][i] * math.Pow(x, float64(degree))
				}
			}
			if want := 1 / float64(degree+1); math.Abs(sum-want) > 1e-14 {
				t.Errorf("%d points: the integral of x^%d is %v, want %v", n, degree, sum, want)
			}
		}
	}
}
