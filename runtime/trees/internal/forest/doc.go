// Package forest evaluates ensembles of decision trees.
//
// A loader feeds a [Builder] one tree at a time, as a list of [Node]; the
// builder checks that each is a tree and packs it. [Builder.Finish] returns an
// [Ensemble], which is immutable and answers [Predict] for matrices of float32
// or float64.
//
// # Layout
//
// Before a row is scored, every (feature, treatment of missing values) pair
// that the model uses becomes one integer key, in an order such that
// "key >= threshold" means "go to the right child", missing values and zeros
// included. A node is then a threshold, the number of a key, and the distance
// to its left child; the right child follows the left one. A leaf stands at
// distance 0 of itself and compares with key 0, which is below every threshold,
// so a walk that has reached a leaf stays there: the walk has no branch to
// predict, and eight of them (eight trees for one row, eight rows for one tree)
// run interleaved so that their loads overlap. The place of a leaf's threshold
// holds its value.
//
// Four layouts exist: [single] (8 bytes a node, float32, keys of 32 bits; the
// others' have 64), [double] (12 bytes, float64), [words] (12 bytes, with
// categorical splits over few categories) and [mixed] (16 bytes: any size, any
// categories). The order of a tree's nodes is that of [Builder.arrange].
//
// Leaves that are vectors, one value a margin, stand aside, and nodes hold their
// numbers. Trees that make one test a level need no nodes: an [ObliviousBuilder]
// takes them.
//
// # Leaf indexes and contributions
//
// The numbers that the file has for its leaves, and how many training rows came
// to each node, stand aside of the nodes. What contributions (SHAP values) need
// besides, trees of package shap, is made when one first asks for them, and the
// layouts then say which way a row goes at all splits of a tree at once.
package forest
