package record

import (
	"fmt"
	"io"
	"time"
)

// A Source is what has served: a model, or an ensemble, of one server.
type Source struct {
	Function string // URI of the function
	Host     string
	Graph    string
	Model    string
	Version  string
	Class    string // the last part of its name

	base []byte // what its records begin with, in JSON
}

// Notes stand beside records: JSON objects, nil for none.
type Notes struct{ Labels, Metrics []byte }

// A Record is one as it comes out of the compact code. What it holds refers to the
// chunk and to the decoder.
type Record struct {
	*Source
	Notes *Notes // nil for none
	// Batch is how many records, with this one, are left of those that go as one;
	// 0 for one that goes alone.
	Batch   int
	Start   time.Time
	Took    time.Duration
	Weight  int // how many inferences it stands for
	Op      string
	EventID []byte

	flags    byte
	request  []byte // JSON, or the id where there are tensors
	inputs   cursor // tensors
	answer   []byte // JSON, the error, or the id of the answer, in JSON
	stamp    []byte
	outputs  cursor // tensors
	outValue []byte // JSON
	clock    *clock
}

// Failed says whether the inference failed.
func (r *Record) Failed() bool { return r.flags&answerError != 0 }

// A Decoder reads the records of a chunk. It is not safe for concurrent use.
type Decoder struct {
	cursor
	sources []*Source
	notes   []*Notes
	batch   int // how many are left of it
	record  Record
	op      string   // of the last record
	id      [36]byte // of the record
	asked   []byte   // its request
	base    int64    // microseconds that times are relative to
	clock   clock
}

// Decode returns what reads the records of a chunk, which must not change while
// they are in use.
func Decode(chunk []byte) *Decoder { return &Decoder{cursor: cursor{rest: chunk}} }

// Next returns the next record, which is good until the next call; [io.EOF] when
// there is none, and another error when the chunk cannot be read.
func (d *Decoder) Next() (*Record, error) {
	for len(d.rest) > 0 {
		kind := d.byte()
		body := cursor{rest: d.text()}
		switch kind {
		case kindSource:
			d.sources = append(d.sources, body.source())
		case kindNotes:
			d.notes = append(d.notes, &Notes{body.text(), body.text()})
		case kindTime:
			d.base = int64(body.number())
		case kindBatch:
			d.batch = int(min(body.number(), 1<<30))
		case kindRecord:
			if d.read(&body); !body.bad && !d.bad {
				return &d.record, nil
			}
		default:
			d.fail()
		}
		if body.bad || d.bad {
			return nil, errCode
		}
	}
	if d.batch > 0 {
		return nil, fmt.Errorf("%w: a batch is not complete", errCode)
	}
	return nil, io.EOF
}

func (c *cursor) source() *Source {
	s := &Source{
		Function: string(c.text()), Host: string(c.text()), Graph: string(c.text()),
		Model: string(c.text()), Version: string(c.text()), Class: string(c.text()),
	}
	s.base = s.appendBase(nil)
	return s
}

// read reads the body of a record.
func (d *Decoder) read(c *cursor) {
	source, notes := c.number(), c.number()
	if source == 0 || source > uint64(len(d.sources)) || notes > uint64(len(d.notes)) {
		c.fail()
		return
	}
	r := &d.record
	*r = Record{Source: d.sources[source-1], Batch: d.batch, clock: &d.clock}
	if d.batch > 0 {
		d.batch--
	}
	if notes > 0 {
		r.Notes = d.notes[notes-1]
	}
	r.Start = time.UnixMicro(d.base + c.signed()).UTC()
	d.payload(c)
}

// operation reads the name of an operation, of which there are few.
func (d *Decoder) operation(c *cursor) string {
	at := c.byte()
	switch {
	case int(at) < len(operations):
		return operations[at]
	case at != otherOperation:
		c.fail()
		return ""
	}
	if name := c.text(); d.op != string(name) {
		d.op = string(name)
	}
	return d.op
}

func (d *Decoder) payload(c *cursor) {
	r := &d.record
	r.flags = c.byte()
	r.Took, r.Weight = time.Duration(min(c.number(), 1<<53))*time.Microsecond, 1
	if r.flags&hasWeight != 0 {
		r.Weight = int(min(c.number(), 1<<53))
	}
	r.Op = d.operation(c)
	r.EventID = c.eventID(&d.id)
	switch {
	case r.flags&requestText != 0:
		d.asked = c.digits(d.asked[:0])
		r.request = d.asked
	case r.flags&requestTensors != 0:
		r.request = c.text()
		r.inputs = *c
		c.skipTensors()
	}
	switch {
	case r.flags&(answerError|answerText) != 0:
		r.answer = c.text()
	case r.flags&answerTensors != 0:
		r.answer, r.stamp = c.text(), c.text()
		r.outputs = *c
		c.skipTensors()
	case r.flags&answerValue != 0:
		r.answer, r.stamp, r.outValue = c.text(), c.text(), c.text()
	}
	if len(c.rest) > 0 {
		c.fail()
	}
}
