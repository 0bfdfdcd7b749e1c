package stream

import (
	"fmt"

	"github.com/leat-ml/leat/stream/driver"
)

// An Unpacker makes the messages of a body that holds several.
type Unpacker func(body []byte) ([]*Message, error)

// contentType is the header field that says what a body is.
const contentType = "Content-Type"

// Unpack has subscriptions hand over, in the place of a message whose header field
// Content-Type is kind, the messages that it holds, one after the other. It is
// acknowledged as a whole: what of it was handled is handled again when the rest has
// to be. It panics when there is an unpacker of the kind.
func (x *Mux) Unpack(kind string, f Unpacker) {
	if kind == "" || f == nil || x.unpackers[kind] != nil {
		panic(fmt.Sprintf("stream: content type %q is empty, has no unpacker or is registered twice", kind)) //nolint:forbidigo // a registry's misuse
	}
	if x.unpackers == nil {
		x.unpackers = map[string]Unpacker{}
	}
	x.unpackers[kind] = f
}

// unpack returns the messages that one holds; nil if it is one. What cannot be
// unpacked is given up: trying again does not change it.
func (t *Topic) unpack(m *Message) ([]*Message, error) {
	kind := m.Header[contentType]
	if len(t.unpackers) == 0 || len(kind) == 0 {
		return nil, nil
	}
	unpack := t.unpackers[kind[0]]
	if unpack == nil {
		return nil, nil
	}
	parts, err := unpack(m.Body)
	if err != nil {
		return nil, driver.Permanent(fmt.Errorf("a message of type %s: %w", kind[0], err))
	}
	if parts == nil {
		parts = []*Message{}
	}
	return parts, nil
}

// handleParts handles the messages that one holds.
func (w *worker) handleParts(d *Delivery, parts []*Message) {
	w.within, w.last = true, Delivered
	defer func() { w.within = false }()
	for _, m := range parts {
		part := *d
		part.Message = m
		if w.deliver(&part); w.last == Returned {
			break
		}
	}
	w.acknowledge(d, w.last == Returned)
}
