package nats

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A pack is several records as the body of one message:
//
//	pack   = version records...
//	record = flags [key] [id] [time] [header] body
//	header = count (name count value...)...
//
// flags is a byte that says which of the optional parts are there; key, id, name,
// value and body are their length and their bytes; lengths and counts are
// unsigned varints (encoding/binary); time is the seconds since 1970 as a signed
// varint and the nanoseconds as an unsigned one. How many records there are is in
// the header field packField besides.
const (
	packVersion = 1
	maxPack     = 1 << packShift // records in a pack
	packShift   = 12
)

const (
	hasKey = 1 << iota
	hasID
	hasTime
	hasHeader
	allFlags = hasKey | hasID | hasTime | hasHeader
)

var errPack = errors.New("not a pack of records")

// appendRecord appends a record to a pack.
func appendRecord(dst []byte, m *driver.Message) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if m.Key != "" {
		dst[at] |= hasKey
		dst = appendText(dst, m.Key)
	}
	if m.ID != "" {
		dst[at] |= hasID
		dst = appendText(dst, m.ID)
	}
	if !m.Time.IsZero() {
		dst[at] |= hasTime
		dst = binary.AppendVarint(dst, m.Time.Unix())
		dst = binary.AppendUvarint(dst, uint64(m.Time.Nanosecond()))
	}
	if len(m.Header) > 0 {
		dst[at] |= hasHeader
		dst = binary.AppendUvarint(dst, uint64(len(m.Header)))
		for name, values := range m.Header {
			dst = binary.AppendUvarint(appendText(dst, name), uint64(len(values)))
			for _, v := range values {
				dst = appendText(dst, v)
			}
		}
	}
	return append(binary.AppendUvarint(dst, uint64(len(m.Body))), m.Body...)
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// unpack reads the records of a pack. Bodies refer to it.
func unpack(data []byte) ([]*driver.Message, error) {
	if len(data) == 0 || data[0] != packVersion {
		return nil, errPack
	}
	r := packReader{rest: data[1:]}
	var ms []*driver.Message
	for len(r.rest) > 0 {
		if len(ms) == maxPack {
			return nil, errPack
		}
		m := r.record()
		if r.bad {
			return nil, errPack
		}
		ms = append(ms, m)
	}
	if len(ms) == 0 {
		return nil, errPack
	}
	return ms, nil
}

// A packReader reads what is left of a pack. Once it is bad it stays so.
type packReader struct {
	rest []byte
	bad  bool
}

func (r *packReader) record() *driver.Message {
	m := &driver.Message{}
	flags := r.rest[0]
	r.rest = r.rest[1:]
	r.bad = flags&^allFlags != 0
	if flags&hasKey != 0 {
		m.Key = string(r.bytes())
	}
	if flags&hasID != 0 {
		m.ID = string(r.bytes())
	}
	if flags&hasTime != 0 {
		m.Time = r.time()
	}
	if flags&hasHeader != 0 {
		m.Header = r.header()
	}
	m.Body = r.bytes()
	return m
}

func (r *packReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// bytes returns the next text, which refers to the pack.
func (r *packReader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	text := r.rest[:n:n]
	r.rest = r.rest[n:]
	return text
}

func (r *packReader) time() time.Time {
	seconds, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return time.Time{}
	}
	r.rest = r.rest[n:]
	nanos := r.uvarint()
	if nanos >= uint64(time.Second) {
		r.bad = true
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

func (r *packReader) header() map[string][]string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) { // each takes a byte at least
		r.bad = true
		return nil
	}
	h := map[string][]string{}
	for range n {
		name := string(r.bytes())
		count := r.uvarint()
		if r.bad || count > uint64(len(r.rest)) {
			r.bad = true
			return nil
		}
		values := make([]string, count)
		for i := range values {
			values[i] = string(r.bytes())
		}
		h[name] = values
	}
	return h
}
