package schedule

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A Cache is a model that answers from memory what it has been asked before: the
// same inputs with the same parameters. It keeps the answers that were asked for
// last, up to a number of bytes. Only tensors are kept, and only requests for
// inferences that are nothing but tensors and plain parameters are looked up.
type Cache struct {
	next Predictor
	most int // bytes

	mu      sync.Mutex
	entries map[key]*list.Element
	recent  *list.List // of *entry, the last asked for first
	bytes   int
	hits    serve.TimedCount
	misses  serve.TimedCount
}

// A key stands for a request: equal keys are equal requests.
type key [sha256.Size]byte

type entry struct {
	key     key
	outputs []*serve.Tensor
	bytes   int
}

// entryCost is what an entry takes beside its tensors' elements, and tensorCost a
// tensor.
const (
	entryCost  = 256
	tensorCost = 192
)

// NewCache returns a cache of at most so many bytes over a model, which it does not
// close.
func NewCache(next Predictor, bytes int) *Cache {
	return &Cache{next: next, most: bytes, entries: map[key]*list.Element{}, recent: list.New()}
}

// Predict answers from memory, or has the model predict and keeps what it answers.
func (c *Cache) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if !known(req) {
		return c.next.Predict(ctx, req)
	}
	start := time.Now()
	k := keyOf(req)
	if outputs, ok := c.find(k, start); ok {
		return outputs, nil
	}
	whole := *req
	whole.Outputs = nil // others may ask for others
	out, err := c.next.Predict(ctx, &whole)
	if err != nil {
		return nil, err
	}
	if outputs, ok := tensorsOf(out); ok {
		c.keep(k, outputs)
	}
	return out, nil
}

// known says whether all that a model may look at is in the key of a request.
func known(req *serve.Request) bool {
	if len(req.Inputs) == 0 { // a model without a schema may get rows of any kind
		return req.Data == nil
	}
	for _, t := range req.Inputs {
		if !allPlain(t.Parameters) {
			return false
		}
	}
	return allPlain(req.Parameters)
}

func allPlain(p map[string]any) bool {
	for _, v := range p {
		if !plain(v) {
			return false
		}
	}
	return true
}

// find looks an answer up and counts how that went.
func (c *Cache) find(k key, start time.Time) ([]*serve.Tensor, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	if !ok {
		c.misses.Add(time.Since(start))
		return nil, false
	}
	c.recent.MoveToFront(e)
	c.hits.Add(time.Since(start))
	return e.Value.(*entry).outputs, true
}

// keep notes an answer, and forgets those that were asked for longest ago. Tensors
// that are a part of larger ones are copied, so as not to keep those.
func (c *Cache) keep(k key, outputs []*serve.Tensor) {
	size := entryCost
	for _, t := range outputs {
		size += tensorCost + sizeOf(t)
	}
	if size > c.most {
		return
	}
	own := make([]*serve.Tensor, len(outputs))
	for i, t := range outputs {
		own[i] = t.Clone()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.entries[k]; ok { // somebody was quicker
		return
	}
	c.entries[k] = c.recent.PushFront(&entry{key: k, outputs: own, bytes: size})
	c.bytes += size
	for c.bytes > c.most {
		last := c.recent.Back()
		e := c.recent.Remove(last).(*entry)
		delete(c.entries, e.key)
		c.bytes -= e.bytes
	}
}

func sizeOf(t *serve.Tensor) int {
	n := len(t.Raw()) + 16*len(t.Strings())
	for _, s := range t.Strings() {
		n += len(s)
	}
	return n
}

// keyOf is the key of a request. Everything in it has its length in front, so that
// different requests are different bytes.
func keyOf(req *serve.Request) (k key) {
	h := sha256.New()
	w := keyWriter{h: h}
	w.text(req.Op)
	w.number(int(req.Dialect))
	w.number(len(req.Inputs))
	for _, t := range req.Inputs {
		w.text(t.Name)
		w.number(int(t.Datatype))
		w.number(len(t.Shape))
		for _, n := range t.Shape {
			w.number(n)
		}
		w.number(len(t.Raw()))
		h.Write(t.Raw())
		for _, s := range t.Strings() {
			w.text(s)
		}
		w.parameters(t.Parameters)
	}
	w.parameters(others(req.Parameters))
	h.Sum(k[:0])
	return k
}

// A keyWriter writes values that can be told apart.
type keyWriter struct {
	h   hash.Hash
	buf [8]byte
}

func (w *keyWriter) number(n int) {
	binary.LittleEndian.PutUint64(w.buf[:], uint64(n))
	w.h.Write(w.buf[:])
}

func (w *keyWriter) parameters(p map[string]any) {
	w.number(len(p))
	for _, name := range slices.Sorted(maps.Keys(p)) {
		w.text(name)
		w.text(fmt.Sprintf("%T %v", p[name], p[name]))
	}
}

func (w *keyWriter) text(s string) {
	w.number(len(s))
	_, _ = w.h.Write([]byte(s)) // a hash takes everything
}

// Counts adds what was answered from memory to the counts of what is behind it.
func (c *Cache) Counts(behind serve.Counts) serve.Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	behind.Hits, behind.Misses = c.hits, c.misses
	return behind
}
