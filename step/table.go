package step

import "container/list"

// A table holds a value for each of up to max keys. When there is no room the
// oldest makes some: the one that was used least recently, or, with fifo, that
// came first. It is not safe for concurrent use.
type table[V any] struct {
	max   int
	fifo  bool
	byKey map[string]*list.Element
	order list.List // of row[V], the oldest first
}

type row[V any] struct {
	key   string
	value V
}

// at is the value of key, a new one if there was none. evicted is what made
// room for it, if something did; the pointer holds until the next call.
func (t *table[V]) at(key string) (v *V, evicted *row[V]) {
	if e := t.byKey[key]; e != nil {
		if !t.fifo {
			t.order.MoveToBack(e)
		}
		return &e.Value.(*row[V]).value, nil
	}
	if t.byKey == nil {
		t.byKey = map[string]*list.Element{}
	}
	if len(t.byKey) >= t.max {
		evicted = t.oldest()
		t.remove(evicted.key)
	}
	r := &row[V]{key: key}
	t.byKey[key] = t.order.PushBack(r)
	return &r.value, evicted
}

// find is the value of key; nil if there is none.
func (t *table[V]) find(key string) *V {
	if e := t.byKey[key]; e != nil {
		return &e.Value.(*row[V]).value
	}
	return nil
}

// oldest is the next to make room; nil in an empty table.
func (t *table[V]) oldest() *row[V] {
	if e := t.order.Front(); e != nil {
		return e.Value.(*row[V])
	}
	return nil
}

func (t *table[V]) remove(key string) {
	if e := t.byKey[key]; e != nil {
		t.order.Remove(e)
		delete(t.byKey, key)
	}
}
