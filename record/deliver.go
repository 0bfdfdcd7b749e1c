package record

import (
	"context"
	"errors"
	"time"

	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
)

// A load is what is published at a time: chunks from memory, or one from a file.
type load struct {
	chunks []*chunk
	kept   *kept
}

// deliver publishes until there is nothing more after Close, or the stream does not
// take any more then.
func (p *Pusher) deliver() {
	defer close(p.idle)
	for {
		l := p.next()
		if l == nil {
			return
		}
		if !p.bring(l) {
			if l.kept == nil {
				p.held = l.chunks
			}
			return
		}
		if p.spool.empty() && !p.queue.has() {
			p.wait(linger)
		}
	}
}

// bring publishes a load until the stream has it. It returns false when it fails to
// once the pusher is closed.
func (p *Pusher) bring(l *load) bool {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		last := p.stopped()
		err := p.send(l)
		if err == nil {
			p.brought(l)
			return true
		}
		p.fails(err)
		if last || p.life.Err() != nil {
			return false
		}
		p.wait(pause)
	}
}

// next waits for a load. It is nil when there is none any more.
func (p *Pusher) next() *load {
	for {
		last := p.stopped() // then nothing comes that take does not find
		p.queue.releaseBefore(time.Now().Add(-p.Flush))
		if k := p.fromFiles(); k != nil {
			return &load{chunks: []*chunk{&k.chunk}, kept: k}
		}
		chunks, later := p.queue.take(loadBytes)
		switch {
		case chunks != nil:
			return &load{chunks: chunks}
		case later: // files have, or will have, what comes before
			time.Sleep(time.Millisecond)
		case last:
			return nil
		default:
			p.await(p.queue.oldest())
		}
	}
}

func (p *Pusher) stopped() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// await waits for records, or for the time of a batch that was begun at since.
func (p *Pusher) await(since time.Time) {
	var timer <-chan time.Time
	if !since.IsZero() {
		t := time.NewTimer(time.Until(since.Add(p.Flush)) + time.Millisecond)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-p.queue.wake:
		p.wait(linger)
	case <-timer:
	case <-p.stop:
	}
}

// wait waits for a time, or until the pusher is closed.
func (p *Pusher) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stop:
	}
}

// fromFiles reads the next chunk of the files.
func (p *Pusher) fromFiles() *kept {
	k, lost, err := p.spool.next()
	if err != nil {
		p.Logger.Error("records that were kept in a file are lost", "records", lost, "error", err)
		p.queue.count(func(l *Ledger) { l.Spilled -= int64(lost); l.Dropped += int64(lost) })
	}
	return k
}

// brought says that the stream has all of a load.
func (p *Pusher) brought(l *load) {
	if p.Rows != nil {
		for _, c := range l.chunks {
			p.addRows(c)
		}
	}
	if l.kept != nil {
		p.spool.done(l.kept)
	} else {
		p.queue.gone(l.chunks)
	}
	if p.failing.CompareAndSwap(true, false) {
		p.queue.fail(false)
		p.Logger.Info("the stream takes records again", "pending", p.Ledger().Pending())
	}
}

func (p *Pusher) addRows(c *chunk) {
	d := Decode(c.data)
	for r, err := d.Next(); err == nil; r, err = d.Next() {
		p.Rows.Add(r)
	}
}

// fails says once that the stream does not take records, and has those in memory go
// to files.
func (p *Pusher) fails(err error) {
	if p.failing.CompareAndSwap(false, true) && p.life.Err() == nil {
		p.Logger.Error("the stream does not take records; they are kept until it does, and requests are served", "error", err)
	}
	p.queue.fail(true)
	signal(p.queue.crowded)
}

// send publishes what of a load the stream does not have, once.
func (p *Pusher) send(l *load) error {
	ctx, cancel := context.WithTimeout(p.life, attemptTime)
	defer cancel()
	parcels := p.write(l)
	if len(parcels) == 0 {
		return nil
	}
	ms := make([]*stream.Message, len(parcels))
	for i := range parcels {
		ms[i] = &parcels[i].Message
	}
	err := p.topic.PublishAll(ctx, ms)
	if err == nil {
		p.delivered(l, parcels)
		return nil
	}
	p.out.text = nil // the stream may still look at it
	var some *driver.BatchError
	switch {
	case errors.As(err, &some) && len(some.Errs) == len(ms):
		return p.partly(l, parcels, some.Errs)
	case len(ms) == 1 && p.settle(l, &parcels[0], err):
		return nil
	}
	return err
}

// delivered counts parcels that the stream has all of.
func (p *Pusher) delivered(l *load, parcels []parcel) {
	n := 0
	for i := range parcels {
		n += parcels[i].n
	}
	p.count(l, int64(n), false)
}

// partly settles parcels one by one, and returns an error if some are to be tried
// again.
func (p *Pusher) partly(l *load, parcels []parcel, errs []error) (left error) {
	for i, err := range errs {
		if !p.settle(l, &parcels[i], err) && left == nil {
			left = err
		}
	}
	return left
}

// settle counts what became of a parcel. It returns false if that is to be tried
// again.
func (p *Pusher) settle(l *load, parcel *parcel, err error) bool {
	refused := err != nil && driver.IsPermanent(err) && !errors.Is(err, driver.ErrClosed)
	if err != nil && !refused {
		return false
	}
	if refused {
		p.refuses(parcel.n, err)
	}
	if parcel.chunk.sent == nil {
		parcel.chunk.sent = map[int]bool{}
	}
	for i := range parcel.n {
		parcel.chunk.sent[parcel.from+i] = true
	}
	p.count(l, int64(parcel.n), refused)
	return true
}

// count counts n records of a load as delivered, or as dropped.
func (p *Pusher) count(l *load, n int64, dropped bool) {
	p.queue.count(func(g *Ledger) {
		if dropped {
			g.Dropped += n
		} else {
			g.Delivered += n
		}
		if l.kept != nil {
			g.Spilled -= n
		} else {
			g.Queued -= n
		}
	})
}
