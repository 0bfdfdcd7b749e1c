package serve

import (
	"sync"
	"sync/atomic"
)

// A Body is what an event carries: a reference to something immutable, so
// copying one is cloning it. It holds raw bytes as they came from the wire, or
// a Go value that a step made, and remembers what a [Decoder] made of the
// bytes. The zero Body is empty. A Body is safe for concurrent use.
type Body struct {
	p     *payload // raw bytes; nil when the body is empty, and made when it is a value
	value any
}

// made marks the body that is a value.
var made = new(payload)

type payload struct {
	raw []byte

	views  atomic.Pointer[[]decoded] // replaced, never changed
	making sync.Mutex                // held while a view is made
}

type decoded struct {
	by   *Decoder
	view any
	err  error
}

// A Decoder makes a view of raw bytes: a tree of values, an inference request.
// Decoders are compared by identity, so a package declares each of its own
// once. Decode must not keep a reference to more than raw, which is immutable.
type Decoder struct {
	Decode func(raw []byte) (any, error)
}

// RawBody returns a body of bytes, which it takes over.
func RawBody(raw []byte) Body { return Body{p: &payload{raw: raw}} }

// ValueBody returns a body that is v: one of the types of a decoded document
// (value.go), a *[Request] that a transport has read, a *[Response], string or
// []byte, or what encoding/json can encode. v must not change any more.
func ValueBody(v any) Body { return Body{p: made, value: v} }

// Raw returns the bytes of a body that was made of bytes; ok is false when the
// body is a value. An empty body has no bytes and is ok.
func (b Body) Raw() (raw []byte, ok bool) {
	if b.p == nil {
		return nil, true
	}
	return b.p.raw, b.p != made
}

// Value returns the value of a body that was made by [ValueBody].
func (b Body) Value() (v any, ok bool) { return b.value, b.p == made }

// Empty says whether the body has neither a byte nor a value.
func (b Body) Empty() bool { return b.p == nil || len(b.p.raw) == 0 && b.p != made }

// Seen returns the view that d has made of the bytes; ok is false when nobody
// has asked for it yet, or it could not be made.
func (b Body) Seen(d *Decoder) (view any, ok bool) {
	if b.p == nil || b.p == made {
		return nil, false
	}
	if v := b.p.seen(d); v != nil {
		return v.view, v.err == nil
	}
	return nil, false
}

// View returns what d makes of the raw bytes, of which a value has none. It is
// made once, by whoever asks first, and is the same for all who ask later, error
// included.
func (b Body) View(d *Decoder) (any, error) {
	if b.p == nil || b.p == made {
		return d.Decode(nil)
	}
	v := b.p.seen(d)
	if v == nil {
		v = b.p.decode(d)
	}
	return v.view, v.err
}

func (p *payload) seen(d *Decoder) *decoded {
	views := p.views.Load()
	if views == nil {
		return nil
	}
	for i := range *views {
		if v := &(*views)[i]; v.by == d {
			return v
		}
	}
	return nil
}

func (p *payload) decode(d *Decoder) *decoded {
	p.making.Lock()
	defer p.making.Unlock()
	if v := p.seen(d); v != nil { // somebody was faster
		return v
	}
	var views []decoded
	if old := p.views.Load(); old != nil {
		views = append(views, *old...)
	}
	v := decoded{by: d}
	v.view, v.err = d.Decode(p.raw)
	views = append(views, v)
	p.views.Store(&views)
	return &views[len(views)-1]
}
