package expr

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// membership is what dicts of any kind can do.
type membership interface {
	size() int
	member(key any) (v any, ok bool)
	pairs() iter.Seq2[any, any]
}

// members sees v as a dict.
func members(v any) (membership, bool) {
	switch v := v.(type) {
	case *serve.Object:
		return object{v}, v != nil
	case *dict:
		return v, true
	case map[string]any:
		return goMap(v), true
	}
	return nil, false
}

// object is a dict of a document.
type object struct{ *serve.Object }

func (o object) size() int { return o.Len() }

func (o object) member(key any) (any, bool) {
	s, ok := key.(string)
	if !ok {
		return nil, false
	}
	v, ok := o.Value(s)
	return plain(v), ok
}

func (o object) pairs() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, f := range o.Fields() {
			if !yield(f.Key, plain(f.Value)) {
				return
			}
		}
	}
}

// goMap is a dict that a step in Go made: its keys have no order but theirs.
type goMap map[string]any

func (m goMap) size() int { return len(m) }

func (m goMap) member(key any) (any, bool) {
	s, ok := key.(string)
	if !ok {
		return nil, false
	}
	v, ok := m[s]
	return plain(v), ok
}

func (m goMap) pairs() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, plain(m[k])) {
				return
			}
		}
	}
}

// A dict is one that an expression made. Its keys are what Python can hash.
type dict struct {
	keys, values []any
	hashes       []any
	index        map[any]int // by hashed key; nil as long as there are few
}

// fewKeys are looked through faster than a map is made.
const fewKeys = 8

// find is the place of a hashed key; -1 if it is not there.
func (d *dict) find(hash any) int {
	if d.index == nil {
		for i, h := range d.hashes {
			if h == hash {
				return i
			}
		}
		return -1
	}
	if i, ok := d.index[hash]; ok {
		return i
	}
	return -1
}

func (d *dict) size() int { return len(d.keys) }

func (d *dict) member(key any) (any, bool) {
	h, err := hashed(key)
	if err != nil {
		return nil, false
	}
	i := d.find(h)
	if i < 0 {
		return nil, false
	}
	return d.values[i], true
}

func (d *dict) pairs() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i, k := range d.keys {
			if !yield(k, d.values[i]) {
				return
			}
		}
	}
}

// set is d[key] = v.
func (d *dict) set(r *run, key, v any) error {
	h, err := hashed(key)
	if err != nil {
		return err
	}
	if i := d.find(h); i >= 0 {
		d.values[i] = v
		return nil
	}
	if err := r.spend(5 * element); err != nil {
		return err
	}
	d.keys, d.values, d.hashes = append(d.keys, key), append(d.values, v), append(d.hashes, h)
	switch n := len(d.keys); {
	case d.index != nil:
		d.index[h] = n - 1
	case n > fewKeys:
		d.index = make(map[any]int, 2*n)
		for i, h := range d.hashes {
			d.index[h] = i
		}
	}
	return nil
}

// room makes room for n more keys.
func (d *dict) room(r *run, n int) error {
	if n < 2 {
		return nil
	}
	if err := r.spend(3 * element * n); err != nil {
		return err
	}
	d.keys, d.values, d.hashes = slices.Grow(d.keys, n), slices.Grow(d.values, n), slices.Grow(d.hashes, n)
	return nil
}

func (d *dict) update(r *run, m membership) error {
	if err := d.room(r, m.size()+1); err != nil {
		return err
	}
	for k, v := range m.pairs() {
		if err := d.set(r, k, v); err != nil {
			return err
		}
	}
	return nil
}

// hashed is a Go value that is the same for keys that are equal: numbers are by
// value, so 1, 1.0 and True are one key.
func hashed(key any) (any, error) {
	switch k := key.(type) {
	case string, nil, int64, pytype, serve.Number:
		return k, nil
	case bool:
		i, _ := integer(k)
		return i, nil
	case float64:
		if k == math.Trunc(k) && k >= -1<<63 && k < 1<<63 {
			return int64(k), nil
		}
		return k, nil
	case tuple:
		return hashedTuple(k)
	}
	return nil, typeError("unhashable type: '%s'", typeName(key))
}

// hashedTuple writes the elements one behind the other, each with its length.
func hashedTuple(t tuple) (any, error) {
	type tupleKey string
	var text []byte
	for _, v := range t {
		h, err := hashed(v)
		if err != nil {
			return nil, err
		}
		one := hashText(h)
		text = append(strconv.AppendInt(text, int64(len(one)), 10), ':')
		text = append(text, one...)
	}
	return tupleKey(text), nil
}

func hashText(h any) string {
	switch h := h.(type) {
	case nil:
		return "n"
	case string:
		return "s" + h
	case int64:
		return "i" + strconv.FormatInt(h, 10)
	case float64:
		return "f" + strconv.FormatFloat(h, 'g', -1, 64)
	case serve.Number:
		return "i" + string(h)
	case pytype:
		return "c" + string(h)
	}
	return "t" + reflectText(h)
}
