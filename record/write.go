package record

import (
	"errors"
	"io"

	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
)

// ContentType is that of messages in the compact code, in their header.
const ContentType = "application/vnd.leat.records"

// A parcel is a message with n records of a chunk, from one on.
type parcel struct {
	stream.Message
	chunk   *chunk
	from, n int
}

// A writer writes records out as messages.
type writer struct {
	reuse bool // of memory, which the stream does not hold on to
	text  []byte
	ends  []int
}

// write makes the messages of what of a load the stream does not have.
func (p *Pusher) write(l *load) []parcel {
	var all []parcel
	p.out.begin()
	for _, c := range l.chunks {
		if p.Compact {
			all = p.compact(all, c)
		} else {
			all = p.json(all, c, l)
		}
	}
	p.out.bodies(all)
	return all
}

// compact makes a message of a chunk.
func (p *Pusher) compact(all []parcel, c *chunk) []parcel {
	if c.left() == 0 {
		return all
	}
	return append(all, parcel{chunk: c, n: c.records, Message: stream.Message{
		Header: map[string][]string{"Content-Type": {ContentType}}, Body: c.data,
	}})
}

// json makes a message of each record of a chunk, and of each batch.
func (p *Pusher) json(all []parcel, c *chunk, l *load) []parcel {
	d, at := Decode(c.data), 0
	for {
		r, err := d.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) || at < c.records {
				all = p.unread(all, c, at, l, err)
			}
			return all
		}
		n := max(1, r.Batch)
		if c.sent[at] {
			for range n - 1 {
				_, _ = d.Next() // of the batch
			}
			at += n
			continue
		}
		if r.Batch == 0 {
			p.out.text = r.AppendJSON(p.out.text)
		} else if err := p.out.batch(d, r); err != nil {
			return p.unread(all, c, at, l, err)
		}
		p.out.end()
		all = append(all, parcel{chunk: c, from: at, n: n, Message: stream.Message{Line: true}})
		at += n
	}
}

// batch writes a batch, of which r is the first record.
func (w *writer) batch(d *Decoder, r *Record) (err error) {
	w.text = r.beginBatch(w.text)
	for n := r.Batch; n > 0; n-- {
		w.text = r.appendRow(w.text)
		if n == 1 {
			break
		}
		w.text = append(w.text, ',')
		if r, err = d.Next(); err != nil {
			return err
		}
	}
	w.text = endBatch(w.text)
	return nil
}

// unread drops what of a chunk cannot be read, from a place on.
func (p *Pusher) unread(all []parcel, c *chunk, at int, l *load, err error) []parcel {
	for ; at < c.records; at++ {
		if !c.sent[at] {
			p.settle(l, &parcel{chunk: c, from: at, n: 1}, driver.Permanent(err))
		}
	}
	return all
}

func (w *writer) begin() {
	w.ends = w.ends[:0]
	if !w.reuse {
		w.text = nil
	}
	w.text = w.text[:0]
}

// end ends a message.
func (w *writer) end() { w.ends = append(w.ends, len(w.text)) }

// bodies gives the messages that have been written to parcels. The text has its
// place only now.
func (w *writer) bodies(all []parcel) {
	from := 0
	for i, end := range w.ends {
		all[i].Body = w.text[from:end:end]
		from = end
	}
}
