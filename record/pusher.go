package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/stream"
)

// A Topic is a stream to publish to: a [stream.Topic].
type Topic interface {
	PublishAll(ctx context.Context, ms []*stream.Message) error
	Local() bool
	Close(ctx context.Context) error
}

// Options of a [Pusher].
type Options struct {
	Name   string // of the stream, in logs
	Open   func(ctx context.Context) (Topic, error)
	Folder Folder // for records that the stream does not take; nil keeps none
	// Memory and Disk bound what records hold, in bytes; 0 means [DefaultMemory] and
	// [DefaultDisk]. What is being written out and published, about a megabyte, comes
	// on top.
	Memory, Disk int64
	Flush        time.Duration // of batches that are not full; 0 means [DefaultFlush]
	// Compact publishes records as they are in memory, many in a message, for who
	// reads them with [Decode].
	Compact bool
	Logger  *slog.Logger // nil tells nobody
	Rows    RowWriter    // gets what is delivered; nil for none
}

// A RowWriter takes records that were delivered. It keeps nothing of them.
type RowWriter interface {
	Add(r *Record)
	Close() error
}

// Defaults of [Options].
const (
	DefaultMemory = 32 << 20
	DefaultDisk   = 1 << 30
	DefaultFlush  = 5 * time.Second
)

const (
	loadBytes  = 512 << 10             // that are published at a time
	linger     = 50 * time.Millisecond // for records to gather: an embedded stream syncs the disk each time
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
	// attemptTime bounds one attempt to publish.
	attemptTime = 10 * time.Second
	// restTime is what Close leaves of its time for files.
	restTime = time.Second
	// closeTime is how long Close goes on publishing, at most.
	closeTime = 10 * time.Second
)

// A Pusher takes records, of any number of [Log]s, to one stream. It works between
// Start and Close.
type Pusher struct {
	Options
	queue   queue
	spool   spool
	topic   Topic
	failing atomic.Bool
	full    bool      // files take no more; it has been told. The spiller's
	spillAt time.Time // not before, after a failure; the spiller's
	refused refusals

	life    context.Context //nolint:containedctx // of publishing, until Close cannot wait
	cancel  context.CancelFunc
	stop    chan struct{} // closed by Close
	idle    chan struct{} // closed when nothing is delivered any more
	working sync.WaitGroup
	held    []*chunk // what was on its way when delivering ended
	closing sync.Once
	begun   bool
	out     writer
}

// New returns a pusher. It acquires nothing.
func New(o Options) *Pusher {
	o.Memory, o.Disk, o.Flush = cmp.Or(o.Memory, DefaultMemory), cmp.Or(o.Disk, DefaultDisk), cmp.Or(o.Flush, DefaultFlush)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = o.Logger.With("stream", o.Name)
	p := &Pusher{Options: o, spool: spool{folder: o.Folder, limit: o.Disk}, stop: make(chan struct{}), idle: make(chan struct{})}
	p.queue.init(o.Memory)
	p.life, p.cancel = context.WithCancel(context.Background())
	return p
}

// Start opens the stream, finds the records that an earlier process has left, and
// begins to deliver.
func (p *Pusher) Start(ctx context.Context) error {
	topic, err := p.Open(ctx)
	if err != nil {
		return fmt.Errorf("records: %w", err)
	}
	left, err := p.spool.open()
	if err != nil {
		p.Logger.Error("records that were kept in files cannot be read; new ones are taken", "error", err)
	}
	if left > 0 {
		p.Logger.Info("records were kept in files and are delivered now", "records", left)
	}
	p.queue.count(func(l *Ledger) { l.Accepted += int64(left); l.Spilled += int64(left) })
	p.topic, p.begun = topic, true
	p.out.reuse, p.queue.recycles = !topic.Local(), !topic.Local()
	p.working.Go(p.deliver)
	p.working.Go(p.spill)
	return nil
}

// Ledger says what became of the records so far.
func (p *Pusher) Ledger() Ledger {
	p.queue.mu.Lock()
	l := p.queue.ledger
	p.queue.mu.Unlock()
	l.DiskBytes, l.Failing = p.spool.size(), p.failing.Load()
	return l
}

// Close delivers what there is, puts what the stream does not take into files, and
// tells the ledger. What comes later is dropped. It may be called twice, and without
// Start.
func (p *Pusher) Close(ctx context.Context) (err error) {
	p.closing.Do(func() { err = p.close(ctx) })
	return err
}

func (p *Pusher) close(ctx context.Context) error {
	p.queue.close()
	close(p.stop)
	if !p.begun {
		p.cancel()
		return nil
	}
	until := closeTime
	if at, ok := ctx.Deadline(); ok {
		until = min(until, max(0, time.Until(at)-restTime))
	}
	timer := time.NewTimer(until)
	defer timer.Stop()
	select {
	case <-p.idle:
	case <-timer.C:
	case <-ctx.Done():
	}
	p.cancel()
	p.working.Wait()
	p.tellRefusals()
	p.keepRest()
	errs := []error{p.spool.close(), p.topic.Close(ctx)}
	if p.Rows != nil {
		errs = append(errs, p.Rows.Close())
	}
	l := p.Ledger()
	p.Logger.Info("records closed", "accepted", l.Accepted, "delivered", l.Delivered, "dropped", l.Dropped, "pending", l.Pending())
	return errors.Join(errs...)
}

// keepRest puts into files what was not delivered, in its order. What does not get
// there is dropped.
func (p *Pusher) keepRest() {
	err := errors.Join(p.keep(p.held, p.spool.prepend), p.keep(p.queue.depart(true), p.spool.append))
	if err != nil {
		p.Logger.Error("records that were not delivered cannot be kept in files", "error", err)
	}
}

func (p *Pusher) keep(chunks []*chunk, put func([]*chunk) (int, error)) error {
	if len(chunks) == 0 {
		return nil
	}
	n, err := put(chunks)
	p.queue.kept(chunks[:n])
	p.lose(chunks[n:])
	return err
}

// lose drops chunks.
func (p *Pusher) lose(chunks []*chunk) {
	p.queue.count(func(l *Ledger) {
		for _, c := range chunks {
			l.Queued -= int64(c.left())
			l.Dropped += int64(c.left())
		}
	})
	p.queue.gone(chunks)
}
