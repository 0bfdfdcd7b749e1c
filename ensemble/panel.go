package ensemble

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// A Panel is the models that vote, with their weights. It is immutable.
type Panel struct {
	names   []string
	weights []float64 // 1 at most
	total   float64   // of the weights
}

// NewPanel returns a panel of the models. Weights are relative to each other;
// models without one have none, but when no model has one all weigh the same.
// The error says what is wrong with the weights.
func NewPanel(names []string, weights map[string]float64) (*Panel, error) {
	p := &Panel{names: names, weights: make([]float64, len(names))}
	if len(weights) == 0 {
		for i := range p.weights {
			p.weights[i] = 1
		}
		p.total = float64(len(names))
		return p, nil
	}
	largest := 0.0
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		w, at := weights[name], slices.Index(names, name)
		switch {
		case at < 0:
			return nil, fmt.Errorf("weights: there is no model %q; the models are %s", name, strings.Join(names, ", "))
		case w < 0, math.IsNaN(w), math.IsInf(w, 0):
			return nil, fmt.Errorf("weights: %v is no weight of model %s", w, name)
		}
		p.weights[at] = w
		largest = max(largest, w)
	}
	if largest == 0 {
		return nil, errors.New("weights: no model has any")
	}
	_, exp := math.Frexp(largest)
	for i := range p.weights {
		p.weights[i] = math.Ldexp(p.weights[i], -exp) // which is exact, and keeps sums from overflowing
		p.total += p.weights[i]
	}
	return p, nil
}

// rounding is by how much sums of weights may differ that are the same but for
// the order in which they were added, as a part of all the weight.
const rounding = 1e-9

// Share is the part that model i has of all the weight.
func (p *Panel) Share(i int) float64 { return p.weights[i] / p.total }

// Combine makes one tensor of the answers, one a model in the order of the
// panel; a zero one is of a model that has not answered, whose weight the others
// share.
// The answers must have one shape, which the result has too, beside the name of
// the first answer. The winner of a classification has the datatype of the
// answers where they agree, else INT64 or FP64; with wholeInt64 it is INT64 for
// floats too. A mean is FP32 where all answers are, or narrower, else FP64.
//
// A NaN makes the mean NaN, and is no class. Of models that weigh nothing only
// the shape is looked at.
func (p *Panel) Combine(v Vote, answers []serve.Tensor, wholeInt64 bool) (*serve.Tensor, error) {
	return p.CombineIn(new(Room), v, answers, wholeInt64)
}

// Room is memory for one result of few elements, for callers that have a place for
// it in an allocation of their own. The zero value is ready, for one result.
type Room struct {
	tensor serve.Tensor
	elems  [4]uint64
}

// CombineIn is [Panel.Combine] that makes the result in room, where it fits.
func (p *Panel) CombineIn(room *Room, v Vote, answers []serve.Tensor, wholeInt64 bool) (*serve.Tensor, error) {
	b := ballot{panel: p, answers: answers, wholeInt64: wholeInt64}
	if err := b.check(); err != nil {
		return nil, err
	}
	switch v {
	case Regression:
		return b.mean(room)
	case Soft:
		if t := b.like(); Of(t.Datatype) != Regression || len(t.Shape) != 2 {
			return nil, fmt.Errorf("a soft vote is one over rows of probabilities, [rows, classes], but the answers are %s %v", t.Datatype, t.Shape)
		}
		return b.mean(room)
	case Classification:
		return b.majority(room)
	}
	return nil, fmt.Errorf("vote type %d is not one", v)
}

// A ballot is the answers of one request. It has no room: for the compiler one
// field would be like another, and answers no more on the stack.
type ballot struct {
	panel      *Panel
	answers    []serve.Tensor
	first      int            // of those given, whatever it weighs
	leader     int            // the first answer that counts
	counted    int            // how many count
	total      float64        // weight of those
	kind       serve.Datatype // of those; Invalid when they differ
	wholeInt64 bool
}

// check holds the answers against each other and finds those that count: that
// have been given and weigh something.
func (b *ballot) check() error {
	given := false
	for i := range b.answers {
		t := &b.answers[i]
		if t.Datatype == serve.Invalid {
			continue
		}
		if !given {
			b.first, given = i, true
		}
		if shape := b.like().Shape; !slices.Equal(t.Shape, shape) {
			return fmt.Errorf("the models disagree about the shape: %s answered %v and %s %v", b.panel.names[b.first], shape, b.panel.names[i], t.Shape)
		}
		if !b.counts(i) {
			continue
		}
		if b.counted == 0 {
			b.leader, b.kind = i, t.Datatype
		} else if t.Datatype != b.kind {
			b.kind = serve.Invalid
		}
		b.counted++
		b.total += b.panel.weights[i]
	}
	if b.counted == 0 {
		return errors.New("no model that weighs anything has answered")
	}
	return nil
}

// like is the answer that the result is like.
func (b *ballot) like() *serve.Tensor { return &b.answers[b.first] }

// counts says whether answer i has been given and weighs something.
func (b *ballot) counts(i int) bool {
	return b.answers[i].Datatype != serve.Invalid && b.panel.weights[i] > 0
}

// result is a tensor like the answers, of other elements.
func result[T serve.Element](like *serve.Tensor, dt serve.Datatype, elems []T) (*serve.Tensor, error) {
	t := new(serve.Tensor)
	err := serve.InitTensor(t, like.Name, dt, like.Shape, elems)
	return t, err
}

// fresh is a result whose elements are to be filled in.
func fresh[T serve.Element](room *Room, like *serve.Tensor, dt serve.Datatype) (*serve.Tensor, []T, error) {
	n := like.Len()
	if n > len(room.elems) {
		elems := make([]T, n)
		t, err := result(like, dt, elems)
		return t, elems, err
	}
	t := &room.tensor
	err := serve.InitOver(t, like.Name, dt, like.Shape, room.elems[:])
	elems, _ := serve.Data[T](t)
	return t, elems, err
}
