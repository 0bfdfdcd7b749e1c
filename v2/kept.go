package v2

import (
	"encoding/json"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// What is kept of a stream for its record, at most.
const (
	keptAnswers = 4096
	keptBytes   = 1 << 20
)

// kept are the answers of a stream that are recorded: the first ones, as far as
// they are of the same tensors, or all no tensors.
type kept struct {
	n      int // answers there were
	size   int // bytes of them, about
	full   bool
	rows   []*serve.Tensor // of each answer, width of them
	width  int
	values []any // of each, where it is no tensors
}

// add keeps the outputs of an answer.
func (k *kept) add(outputs any) {
	k.n++
	if k.full {
		return
	}
	var one [1]*serve.Tensor
	ts, ok := outputs.([]*serve.Tensor)
	if t, isOne := outputs.(*serve.Tensor); isOne {
		one[0] = t
		ts, ok = one[:], true
	}
	k.size += sizeOf(ts) + lengthOf(outputs)
	switch {
	case k.n > 1 && (k.size > keptBytes || k.n > keptAnswers):
		k.full = true
	case !ok && len(k.rows) == 0:
		k.values = append(k.values, outputs)
	case ok && len(k.values) == 0 && (k.n == 1 || slices.EqualFunc(ts, k.rows[:k.width], alike)):
		k.rows, k.width = append(k.rows, ts...), len(ts)
	default:
		k.full = true
	}
}

// lengthOf is the size of what is no tensor; what is no text counts as a kilobyte.
func lengthOf(outputs any) int {
	switch v := outputs.(type) {
	case string:
		return len(v)
	case json.RawMessage:
		return len(v)
	}
	return 1 << 10
}

func sizeOf(ts []*serve.Tensor) (n int) {
	for _, t := range ts {
		n += len(t.Raw()) + 16*len(t.Strings())
		for _, s := range t.Strings() {
			n += len(s)
		}
	}
	return n
}

// alike says whether two tensors can stand one below the other.
func alike(a, b *serve.Tensor) bool {
	return a.Name == b.Name && a.Datatype == b.Datatype && len(a.Shape) > 0 && len(b.Shape) > 0 && slices.Equal(a.Shape[1:], b.Shape[1:])
}

// outputs are the answers as those of one: tensors one below the other, or a list.
func (k *kept) outputs() any {
	if len(k.values) > 0 {
		return k.values
	}
	if len(k.rows) == 0 {
		return []*serve.Tensor{}
	}
	all := make([]*serve.Tensor, k.width)
	for i := range all {
		all[i] = k.joined(i)
	}
	return all
}

// joined is output i of all answers.
func (k *kept) joined(i int) *serve.Tensor {
	first := k.rows[i]
	if len(k.rows) == k.width {
		return first
	}
	shape := slices.Clone(first.Shape)
	shape[0] = 0
	var raw []byte
	var texts []string
	for ; i < len(k.rows); i += k.width {
		t := k.rows[i]
		shape[0] += t.Shape[0]
		raw = append(raw, t.Raw()...)
		texts = append(texts, t.Strings()...)
	}
	if first.Datatype == serve.Bytes {
		return serve.NewBytes(first.Name, texts, shape...)
	}
	t, err := serve.MakeTensor(first.Name, first.Datatype, shape, raw)
	if err != nil { // which is not possible: the sizes are those of tensors
		return first
	}
	return &t
}
