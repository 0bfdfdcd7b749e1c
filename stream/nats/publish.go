package nats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/leat-ml/leat/stream/driver"
)

const (
	packBytes = 1 << 20 // of a pack of several records at most
	wave      = 256     // messages on their way at a time
	maxPause  = 100 * time.Millisecond
)

// An item is a message of NATS on its way: the records from to to-1 of a batch.
type item struct {
	msg      *client.Msg
	from, to int
	future   jetstream.PubAckFuture
	again    bool // it had to be published again, so that the client may hold on to its data
}

// Publish implements [driver.Stream].
func (s *stream) Publish(ctx context.Context, batch []*driver.Message) error {
	if s.over.Load() {
		return driver.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := s.log.open(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(batch))
	if s.log.packs() {
		err = s.log.publishPacks(ctx, f, batch, errs)
	} else {
		err = s.log.publishWaves(ctx, f, batch, errs)
	}
	return result(errs, err)
}

// result is the error of a batch. rest is why those without an error of their own
// were not published, if they were not.
func result(errs []error, rest error) error {
	some, none := false, true
	for i, err := range errs {
		switch {
		case errors.Is(err, errPublished):
			errs[i], none = nil, false
		case err == nil:
			errs[i] = rest
			some = some || rest != nil
		default:
			some = true
		}
	}
	if some && none && rest != nil && !driver.IsPermanent(errs[0]) {
		return rest
	}
	if some {
		return &driver.BatchError{Errs: errs}
	}
	return nil
}

// errPublished marks, while a batch is on its way, the records that are safe.
var errPublished = errors.New("published")

// publishPacks publishes pack after pack: none follows one that has failed.
func (l *log) publishPacks(ctx context.Context, f *found, batch []*driver.Message, errs []error) error {
	for from := 0; from < len(batch); {
		it, err := l.pack(f, batch, from)
		if err == nil {
			err = l.sendPack(ctx, &it)
		}
		switch {
		case err == nil:
			mark(errs, it)
		case !driver.IsPermanent(err) || errors.Is(err, driver.ErrClosed):
			return err
		default:
			for i := it.from; i < it.to; i++ {
				errs[i] = err
			}
		}
		from = it.to
	}
	return nil
}

func mark(errs []error, it item) {
	for i := it.from; i < it.to; i++ {
		errs[i] = errPublished
	}
}

// pack makes a pack of the records of a batch from one on. A record that is too
// large is alone in its pack, and an error.
func (l *log) pack(f *found, batch []*driver.Message, from int) (item, error) {
	most := min(packBytes, l.server.limit()/2)
	if f.own {
		most = min(most, l.bytes/8)
	}
	data := append(l.room(roomOf(batch[from:], most)), packVersion)
	it := item{from: from, to: from}
	for it.to < len(batch) && it.to-from < l.records {
		m := batch[it.to]
		if it.to > from && int64(len(data)+m.Size()+headRoom) > most {
			break
		}
		data = appendRecord(data, m)
		it.to++
	}
	it.msg = &client.Msg{Subject: l.subject, Data: data, Header: client.Header{}}
	return it, l.fits(f, it.msg)
}

// room is memory for a pack: that of the last one, as a rule.
func (l *log) room(size int64) []byte {
	if spare := l.spare.Swap(nil); spare != nil && int64(cap(*spare)) >= size {
		return (*spare)[:0]
	}
	return make([]byte, 0, size)
}

// keep keeps the memory of a pack that was published for the next one.
func (l *log) keep(data []byte) {
	if cap(data) <= packBytes {
		l.spare.Store(&data)
	}
}

// roomOf is about what the pack of a batch takes: growing costs more than packing.
func roomOf(batch []*driver.Message, most int64) int64 {
	room := int64(headRoom)
	for _, m := range batch {
		size := int64(m.Size()) + 8
		if room+size > most {
			break
		}
		room += size
	}
	return max(room, int64(batch[0].Size())+headRoom)
}

// sendPack publishes a pack. In the server within the process the packs of a
// stream are counted one after the other.
func (l *log) sendPack(ctx context.Context, it *item) error {
	if !l.embedded() {
		it.msg.Header[packField] = []string{packOf(it.to-it.from, 0)}
		return l.sendOne(ctx, it)
	}
	l.sending.Lock()
	defer l.sending.Unlock()
	n := it.to - it.from
	it.msg.Header[packField] = []string{packOf(n, l.total.Load())}
	if err := l.sendOne(ctx, it); err != nil {
		return err
	}
	l.total.Add(int64(n))
	return nil
}

func (l *log) sendOne(ctx context.Context, it *item) error {
	one := []item{*it}
	err := l.send(ctx, one, nil)
	if err == nil && !one[0].again {
		l.keep(it.msg.Data)
	}
	return err
}

// publishWaves publishes messages together of which no two have the same key, so
// that one that fails is not overtaken by a later one of its key.
func (l *log) publishWaves(ctx context.Context, f *found, batch []*driver.Message, errs []error) error {
	var items []item
	keys := map[string]bool{}
	flush := func() error {
		err := l.send(ctx, items, errs)
		items = items[:0]
		clear(keys)
		return err
	}
	for i, m := range batch {
		if len(items) == wave || keys[m.Key] {
			if err := flush(); err != nil {
				return err
			}
		}
		msg := toNATS(l.subject, m)
		if err := l.fits(f, msg); err != nil {
			errs[i] = err
			continue
		}
		if m.Key != "" {
			keys[m.Key] = true
		}
		items = append(items, item{msg: msg, from: i, to: i + 1})
	}
	return flush()
}

// fits says whether a message is larger than what the server takes.
func (l *log) fits(f *found, m *client.Msg) error {
	limit := l.server.limit()
	if f.own {
		limit = min(limit, l.bytes)
	}
	if size := int64(m.Size()) + headRoom; size > limit {
		return driver.Permanent(fmt.Errorf("a record of about %d bytes is larger than the server or the stream takes, %d", size, limit))
	}
	return nil
}

// headRoom is what a message takes besides what is known of it before it is sent.
const headRoom = 128

// send publishes items and waits until all are safe. It waits for room, and tries
// again where an answer was lost. errs gets what is permanent; nil says that there
// is one item, of which it is returned.
func (l *log) send(ctx context.Context, items []item, errs []error) error {
	if !l.embedded() {
		for _, it := range items {
			it.msg.Header[idOfServer] = []string{rand.Text()}
		}
	}
	lost := time.Time{} // since when attempts have had no answer
	for pause := 2 * time.Millisecond; len(items) > 0; pause = min(2*pause, maxPause) {
		left, err := l.attempt(ctx, items, errs)
		if len(left) == 0 {
			return err
		}
		items = left
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case isFull(err):
			lost = time.Time{}
			if err := l.makeRoom(ctx); err != nil {
				return err
			}
		case !isLost(err):
			return err
		case lost.IsZero():
			lost = time.Now()
		case time.Since(lost) > l.timeout:
			return err
		}
		if err := wait(ctx, nil, time.Now().Add(pause)); err != nil {
			return err
		}
	}
	return nil
}

// attempt publishes items once. It returns those that are worth another try, and
// why, and the error of a single item.
func (l *log) attempt(ctx context.Context, items []item, errs []error) (left []item, err error) {
	f, err := l.open(ctx)
	if err != nil {
		return items, err
	}
	select {
	case <-l.server.broken:
		return items, l.server.cause
	default:
	}
	for i := range items {
		if items[i].future, err = f.js.PublishMsgAsync(copyOf(items[i].msg)); err != nil {
			items[i].future, items[i].again = nil, true
			left = append(left, items[i:]...)
			items = items[:i]
			break
		}
	}
	for n, it := range items {
		failed := l.answer(ctx, it)
		switch {
		case failed == nil && errs != nil:
			mark(errs, it)
		case failed == nil:
		case driver.IsPermanent(failed) && errs == nil:
			return nil, failed
		case driver.IsPermanent(failed):
			for i := it.from; i < it.to; i++ {
				errs[i] = failed
			}
		default:
			items[n].again = true
			left, err = append(left, it), failed
		}
	}
	if len(left) == 0 {
		err = nil
	}
	return left, err
}

// copyOf is a message to publish: the client writes to it.
func copyOf(m *client.Msg) *client.Msg {
	return &client.Msg{Subject: m.Subject, Header: m.Header, Data: m.Data}
}

// answer waits for what the server says to an item.
func (l *log) answer(ctx context.Context, it item) error {
	var err error
	select {
	case <-it.future.Ok():
		return nil
	case err = <-it.future.Err():
	case <-l.server.broken:
		return l.server.cause
	case <-l.server.over:
		return driver.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	var api *jetstream.APIError
	switch {
	case errors.Is(err, client.ErrMaxPayload), errors.As(err, &api) && api.ErrorCode == errTooLarge:
		return driver.Permanent(err)
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrNoStreamResponse):
		l.forget()
	}
	return err
}

// Codes of the server's errors that its client has no names for.
const (
	errNoStorage   jetstream.ErrorCode = 10047
	errTooLarge    jetstream.ErrorCode = 10054
	errStoreFailed jetstream.ErrorCode = 10077
)

// isFull says that a stream has reached one of its limits. The server has one
// code for all that a store can fail with.
func isFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == errStoreFailed && strings.Contains(api.Description, "maximum")
}

// isLost says that nobody knows whether something was published.
func isLost(err error) bool {
	return errors.Is(err, jetstream.ErrAsyncPublishTimeout) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, client.ErrNoResponders) || errors.Is(err, client.ErrDisconnected) ||
		errors.Is(err, client.ErrReconnectBufExceeded) || errors.Is(err, jetstream.ErrTooManyStalledMsgs)
}
