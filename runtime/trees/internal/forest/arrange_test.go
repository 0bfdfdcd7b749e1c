package forest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// completeNodes are those of a complete tree, numbered level by level.
func completeNodes(depth int) []Node {
	nodes := make([]Node, 1<<(depth+1)-1)
	for i := range nodes[:1<<depth-1] {
		nodes[i] = Node{Split: Less, Left: int32(2*i + 1), Right: int32(2*i + 2)}
	}
	return nodes
}

func arranged(t *testing.T, nodes []Node) *Builder {
	t.Helper()
	b := NewBuilder(singleRules, 1<<20)
	depth, err := b.layOut(nodes)
	if err != nil {
		t.Fatal(err)
	}
	b.arrange(nodes, depth)
	return b
}

func TestArrange(t *testing.T) {
	got := arranged(t, completeNodes(4)).order
	want := []int32{
		0, 1, 2, 3, 4, 5, 6,
		7, 8, 15, 16, 17, 18,
		9, 10, 19, 20, 21, 22,
		11, 12, 23, 24, 25, 26,
		13, 14, 27, 28, 29, 30,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever the tree, every node has one place, behind its parent and beside its
// sibling.
func TestArrangeAnyTree(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(8, 9)), rules: singleRules, features: 3,
		splits: []Split{Less}, missing: []Missing{NaNLeft}, values: []float64{0, 1},
	}
	for range 200 {
		nodes := g.tree(1+g.IntN(60), bushy)
		b := arranged(t, nodes)
		once := slices.Compact(slices.Sorted(slices.Values(b.order)))
		if len(once) != len(b.order) {
			t.Fatalf("a node of %v has several places: %v", nodes, b.order)
		}
		for at, id := range b.order {
			step := b.step(nodes, at)
			if n := &nodes[id]; n.Split != Leaf && (step == 0 || b.order[at+int(step)] != n.Left || b.order[at+int(step)+1] != n.Right) {
				t.Fatalf("node %d at %d is %d places before its children: %v", id, at, step, b.order)
			}
		}
	}
}

// The steps of a large tree would be too long.
func TestArrangeLargeTree(t *testing.T) {
	nodes := completeNodes(16)
	b := arranged(t, nodes)
	if !slices.IsSorted(b.order) || len(b.order) != len(nodes) {
		t.Error("a large tree is not laid out level by level")
	}
}
