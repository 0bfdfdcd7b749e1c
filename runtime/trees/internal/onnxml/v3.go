package onnxml

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A listing is the attributes of TreeEnsembleRegressor and
// TreeEnsembleClassifier (ai.onnx.ml 1 to 4): lists with an entry a node, and
// lists with an entry a weight of a leaf.
type listing struct {
	tree, node, yes, no, feature, missing []int64
	modes                                 [][]byte
	values                                []float64
	weightTree, weightNode, weightTarget  []int64
	weightValues                          []float64
	runs                                  map[int64]run
}

// A run is where the nodes of a tree are.
type run struct {
	start, end int
	places     map[int64]int // of the nodes; nil: they are numbered from 0 in order
}

var listingAttributes = []string{
	"aggregate_function", "base_values", "base_values_as_tensor", "n_targets", "nodes_falsenodeids",
	"nodes_featureids", "nodes_hitrates", "nodes_hitrates_as_tensor", "nodes_missing_value_tracks_true",
	"nodes_modes", "nodes_nodeids", "nodes_treeids", "nodes_truenodeids", "nodes_values",
	"nodes_values_as_tensor", "post_transform", "classlabels_int64s", "classlabels_strings",
	"target_ids", "target_nodeids", "target_treeids", "target_weights", "target_weights_as_tensor",
	"class_ids", "class_nodeids", "class_treeids", "class_weights", "class_weights_as_tensor",
}

// readV3 reads the operators of the versions before 5.
func readV3(a attributes, classifier bool) (*ensemble, error) {
	if err := a.only(listingAttributes...); err != nil {
		return nil, err
	}
	e := &ensemble{classifier: classifier}
	kind := "target"
	if classifier {
		kind = "class"
	}
	l, err := readListing(a, kind, &e.double)
	if err != nil {
		return nil, err
	}
	if e.base, err = a.eitherFloats("base_values", &e.double); err != nil {
		return nil, err
	}
	if err := e.readRest(a); err != nil {
		return nil, err
	}
	if err := e.plant(l); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// readRest reads what is not a list of nodes or weights.
func (e *ensemble) readRest(a attributes) error {
	name, err := a.text("aggregate_function", "SUM")
	if err != nil {
		return err
	}
	if e.aggregate, err = readAggregate(name); err != nil {
		return err
	}
	if name, err = a.text("post_transform", "NONE"); err != nil {
		return err
	}
	if e.transform, err = readTransform(name); err != nil {
		return err
	}
	if !e.classifier {
		n, err := a.whole("n_targets", 0)
		e.targets = int(n)
		return err
	}
	if e.aggregate != sum {
		return fmt.Errorf("a classifier's aggregate function is not SUM")
	}
	names, err := a.strings("classlabels_strings")
	if err != nil {
		return err
	}
	for _, n := range names {
		e.names = append(e.names, string(n))
	}
	e.labels, err = a.ints("classlabels_int64s")
	e.targets = max(len(e.names), len(e.labels))
	if len(e.names) > 0 && len(e.labels) > 0 {
		return fmt.Errorf("it has labels of two kinds")
	}
	return err
}

func readListing(a attributes, kind string, double *bool) (*listing, error) {
	l := &listing{runs: map[int64]run{}}
	for name, list := range map[string]*[]int64{
		"nodes_treeids": &l.tree, "nodes_nodeids": &l.node, "nodes_truenodeids": &l.yes, "nodes_falsenodeids": &l.no,
		"nodes_featureids": &l.feature, "nodes_missing_value_tracks_true": &l.missing,
		kind + "_treeids": &l.weightTree, kind + "_nodeids": &l.weightNode, kind + "_ids": &l.weightTarget,
	} {
		var err error
		if *list, err = a.ints(name); err != nil {
			return nil, err
		}
	}
	var err error
	if l.modes, err = a.strings("nodes_modes"); err != nil {
		return nil, err
	}
	if l.values, err = a.eitherFloats("nodes_values", double); err != nil {
		return nil, err
	}
	if l.weightValues, err = a.eitherFloats(kind+"_weights", double); err != nil {
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return l, nil
}

// eitherFloats are the numbers of a float attribute, or of the tensor that may
// stand for it.
func (a attributes) eitherFloats(name string, double *bool) ([]float64, error) {
	list, err := a.floats(name)
	if err != nil {
		return nil, err
	}
	wide, isDouble, err := a.doubles(name + "_as_tensor")
	if err != nil {
		return nil, err
	}
	if len(wide) > 0 {
		if len(list) > 0 {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		*double = *double || isDouble
		return wide, nil
	}
	return widen(list), nil
}

func (l *listing) check() error {
	n := len(l.node)
	for _, size := range []int{len(l.tree), len(l.yes), len(l.no), len(l.feature), len(l.modes), len(l.values)} {
		if size != n {
			return fmt.Errorf("lists of nodes have %d and %d entries", n, size)
		}
	}
	if len(l.missing) != 0 && len(l.missing) != n {
		return fmt.Errorf("lists of nodes have %d and %d entries", n, len(l.missing))
	}
	w := len(l.weightNode)
	if len(l.weightTree) != w || len(l.weightTarget) != w || len(l.weightValues) != w {
		return fmt.Errorf("lists of weights have %d and other numbers of entries", w)
	}
	return nil
}

// plant makes trees of the listing.
func (e *ensemble) plant(l *listing) error {
	if err := l.findRuns(e); err != nil {
		return err
	}
	e.nodes = make([]forest.Node, len(l.node))
	for i := range l.node {
		n, err := l.forestNode(i)
		if err != nil {
			return err
		}
		e.nodes[i] = n
	}
	if err := e.joinChains(); err != nil {
		return err
	}
	return e.hang(l)
}

// findRuns finds where each tree begins and its nodes are. Like ONNX Runtime it
// takes the first node that is listed of a tree for its root.
func (l *listing) findRuns(e *ensemble) error {
	for i := 0; i < len(l.tree); {
		r, id := run{start: i}, l.tree[i]
		for i < len(l.tree) && l.tree[i] == id {
			i++
		}
		r.end = i
		if _, twice := l.runs[id]; twice || id < 0 {
			return fmt.Errorf("tree %d is not in one piece", id)
		}
		if err := l.number(&r); err != nil {
			return err
		}
		l.runs[id] = r
		e.starts = append(e.starts, r.start)
	}
	e.starts = append(e.starts, len(l.tree))
	return nil
}

// number notes where the nodes of a tree are, unless their numbers say so.
func (l *listing) number(r *run) error {
	for i, id := range l.node[r.start:r.end] {
		if id != int64(i) {
			r.places = map[int64]int{}
		}
	}
	if r.places == nil {
		return nil
	}
	for i, id := range l.node[r.start:r.end] {
		if _, twice := r.places[id]; twice {
			return fmt.Errorf("node %d is there twice", id)
		}
		r.places[id] = i
	}
	return nil
}

// place is which node of its tree a node is.
func (r *run) place(id int64) (int, error) {
	at, ok := int(id), id >= 0 && id < int64(r.end-r.start)
	if r.places != nil {
		at, ok = r.places[id]
	}
	if !ok {
		return 0, fmt.Errorf("there is no node %d", id)
	}
	return at, nil
}

func (l *listing) forestNode(i int) (forest.Node, error) {
	m, ok := modeNames[string(l.modes[i])]
	if !ok {
		return forest.Node{}, fmt.Errorf("mode %q is not known", l.modes[i])
	}
	if m == modeLeaf {
		return forest.Node{}, nil
	}
	r := l.runs[l.tree[i]]
	yes, err := r.place(l.yes[i])
	if err != nil {
		return forest.Node{}, err
	}
	no, err := r.place(l.no[i])
	if err != nil {
		return forest.Node{}, err
	}
	missing := len(l.missing) > 0 && l.missing[i] == 1
	n, err := split(m, l.values[i], int32(yes), int32(no), missing)
	if l.feature[i] < 0 || l.feature[i] > math.MaxInt32 {
		return n, fmt.Errorf("a node looks at feature %d", l.feature[i])
	}
	n.Feature = uint32(l.feature[i])
	return n, err
}

// hang gives the leaves their weights, in the order of the listing. Weights of
// other nodes, which some exporters write, do not count.
func (e *ensemble) hang(l *listing) error {
	places := make([]int, len(l.weightNode))
	e.from = make([]int, len(e.nodes)+1)
	for i := range places {
		r, ok := l.runs[l.weightTree[i]]
		if !ok {
			return fmt.Errorf("a weight is of tree %d, which is not there", l.weightTree[i])
		}
		at, err := r.place(l.weightNode[i])
		if err != nil {
			return err
		}
		places[i] = r.start + at
		e.from[places[i]+1]++
	}
	for i := range e.nodes {
		if e.nodes[i].Split != forest.Leaf {
			e.from[i+1] = 0
		}
		e.from[i+1] += e.from[i]
	}
	return e.fillWeights(l, places)
}

func (e *ensemble) fillWeights(l *listing, places []int) error {
	e.weights = make([]weight, e.from[len(e.nodes)])
	next := append([]int(nil), e.from...)
	for i, at := range places {
		if e.nodes[at].Split != forest.Leaf {
			continue
		}
		if l.weightTarget[i] < 0 || l.weightTarget[i] > math.MaxInt32 {
			return fmt.Errorf("a weight is of target %d", l.weightTarget[i])
		}
		e.weights[next[at]] = weight{int32(l.weightTarget[i]), l.weightValues[i]}
		next[at]++
	}
	return nil
}
