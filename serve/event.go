package serve

import (
	"encoding/binary"
	"math/rand/v2"
	"net/textproto"
	"time"
	"unsafe"
)

// An Event is one unit of work on its way through a graph. It has one owner at
// a time: the step it is given to until Do returns, then the graph again. A
// step that wants two of them calls [Event.Clone].
type Event struct {
	// ID names the event in answers, logs and records; empty until somebody
	// asks for it with Identify.
	ID string
	// Key is what the event is about, such as the key of a stream's record: what
	// steps group by. "" means none.
	Key     string
	Target  Target
	Trigger Trigger
	// Header is never changed in place: it is replaced, so clones share it.
	Header Header
	Time   time.Time // when the transport accepted it
	Body   Body
	Reply  *Reply // how to answer, where the default will not do
	Fault  *Fault // what failed; set only behind an error handler

	room   *room   // memory that most events need; nil for clones
	flight *Flight // nil where nothing can branch, wait or join
	inlet  int32   // 1 + the place in Links.In of the step that it came from; 0 is unknown
	moved  bool    // it has been through a step
	part   part
}

// room is what an event that comes from outside has around it, in one
// allocation with it.
type room struct {
	id       [36]byte // of an ID that was made up
	answered bool     // response is in use
	until    Deadline
	response Response
	payload  payload
}

// NewEvent returns an event accepted now with the raw body, in one allocation.
// It takes raw over.
func NewEvent(target Target, raw []byte) *Event {
	e := &struct { // 512 bytes: what is larger costs a tenth more, being of another kind to the allocator
		Event
		room
	}{}
	e.Target, e.Time = target, time.Now()
	e.payload.raw = raw
	e.Event.room = &e.room
	e.Event.Body = Body{p: &e.payload}
	return &e.Event
}

// Clone returns a second event of the same request. What is immutable (body,
// header, reply) is shared.
func (e *Event) Clone() *Event {
	e.Identify()
	return &Event{
		ID: e.ID, Key: e.Key, Target: e.Target, Trigger: e.Trigger, Header: e.Header, Time: e.Time,
		Body: e.Body, Reply: e.once(), Fault: e.Fault, moved: e.moved, flight: e.flight,
	}
}

// Detach is Clone without the request that the event is a part of: for engines
// that run a graph within a step.
func (e *Event) Detach() *Event {
	c := e.Clone()
	c.flight = nil
	return c
}

// NewResponse returns a zero response for the step that has the event. The first one
// is a part of the event, since most events need no more.
func (e *Event) NewResponse() *Response {
	if e.room == nil || e.room.answered {
		return new(Response)
	}
	e.room.answered = true
	return &e.room.response
}

// Move is for engines: the event goes on to another step.
func (e *Event) Move() { e.moved = true }

// Enter is for engines: the event goes on to a step that several lead to, from
// the step at place i of its [Links].In.
func (e *Event) Enter(i int) { e.inlet = int32(i) + 1 }

// Inlet is the place in [Links].In of the step that the event came from, for a
// step that several lead to. ok is false where the engine does not tell.
func (e *Event) Inlet() (i int, ok bool) { return int(e.inlet) - 1, e.inlet > 0 }

// Begin is when the step that has the event began with it: when the event was
// accepted if this is its first step, else now. It saves the first step, which
// is the only one of most events, a look at the clock.
func (e *Event) Begin() time.Time {
	if e.moved || e.Time.IsZero() {
		return time.Now()
	}
	return e.Time
}

// Identify returns the event's ID and makes up a random one (a version 4 UUID)
// if it has none yet.
func (e *Event) Identify() string {
	if e.ID == "" {
		var id *[36]byte
		if e.room != nil {
			id = &e.room.id
		} else {
			id = new([36]byte)
		}
		writeUUID(id)
		e.ID = unsafe.String(&id[0], len(id)) // never written again
	}
	return e.ID
}

func writeUUID(id *[36]byte) {
	hi, lo := rand.Uint64(), rand.Uint64()
	hi = hi&^0xf000 | 0x4000         // version 4
	lo = lo&^(3<<62) | uint64(2)<<62 // variant of RFC 9562
	binary.BigEndian.PutUint64(id[:], hexDigits(uint32(hi>>32)))
	quad := hexDigits(uint32(hi))
	binary.BigEndian.PutUint32(id[9:], uint32(quad>>32))
	binary.BigEndian.PutUint32(id[14:], uint32(quad))
	quad = hexDigits(uint32(lo >> 32))
	binary.BigEndian.PutUint32(id[19:], uint32(quad>>32))
	binary.BigEndian.PutUint32(id[24:], uint32(quad))
	binary.BigEndian.PutUint64(id[28:], hexDigits(uint32(lo)))
	id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
}

// hexDigits returns the eight hexadecimal digits of v, the first one in the
// highest byte: each nibble is moved into a byte of its own, and 39, from '9'+1
// to 'a', is added to those above 9.
func hexDigits(v uint32) uint64 {
	const ones = 0x0101010101010101
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	letters := (x + 6*ones) >> 4 & ones
	return x + '0'*ones + letters*39
}

// A Target is what an event asks for. A transport fills in the method and the
// path, or the model, version and operation where its protocol names them.
type Target struct {
	Method    string // of HTTP; empty for events that have none
	Path      string // decoded, with its leading slash
	Model     string
	Version   string
	Operation string
}

// A Trigger tells where an event came from. Kind "" or "http" is a caller that
// waits for an answer; any other kind is a stream, whose events can wait.
type Trigger struct {
	Kind string
	Name string
}

// Waits says whether events of this trigger may be kept waiting.
func (t Trigger) Waits() bool { return t.Kind != "" && t.Kind != "http" }

// A Header holds the header fields of a request, keyed by canonical name as
// net/http does. It is read only.
type Header map[string][]string

// Value returns the first value of the field, whose name is matched without
// case; "" when there is none.
func (h Header) Value(name string) string {
	if len(h) == 0 {
		return ""
	}
	if v := h[textproto.CanonicalMIMEHeaderKey(name)]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// A Reply says how an event is answered where the default will not do. It is
// immutable.
type Reply struct {
	Status      int    // of HTTP; 0 means 200
	ContentType string // "" means JSON for values, else text
	Header      Header // further fields

	sink     Sink // takes answers one by one; nil as nearly always
	streamed bool // the answers have gone there
}

// A Fault tells an error handler what failed.
type Fault struct {
	Step string
	Err  error
	// Handler is the step that was to handle it, and Before what failed before
	// that the event was already taken out of; nil as a rule.
	Handler string
	Before  *Fault
}
