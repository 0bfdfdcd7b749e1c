// Package driver is what a backend of [github.com/leat-ml/leat/stream] is made
// of: an [Open] function that returns a [Stream], whose [Reader] reads it for a
// consumer group. Programs use the portable types of package stream; a backend
// implements these two interfaces and passes the suite in drivertest.
//
// A driver does what only it can do: it takes batches in, hands messages out,
// and remembers what each group is done with. Gathering batches, trying again,
// pacing, calling handlers, dead letters and telemetry are done once, by the
// portable types.
package driver

import (
	"context"
	"net/url"
	"time"
)

// A Message is a record of a stream. Once published it is read only, and so is
// one that was received.
type Message struct {
	// Key is what the message is about. The order of messages with the same key
	// is kept, that of others as far as the backend can. "" means none: of no
	// order with any other.
	Key    string
	ID     string
	Header map[string][]string
	Time   time.Time // when it was made; zero is unknown
	Body   []byte
	// Line says that Body is one JSON value on one line, and no wrapper (see [Wrap]),
	// so that a driver need not look.
	Line bool
	// Value is the message as it is within this process, where Body is nil.
	// Only drivers whose Traits say Local get to see one.
	Value Value
}

// Size is about how many bytes a message holds on to.
func (m *Message) Size() int {
	if m.Value != nil {
		return len(m.Key) + m.Value.Size()
	}
	n := len(m.Key) + len(m.ID) + len(m.Body)
	for name, values := range m.Header {
		n += len(name)
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

// A Value is a message that becomes bytes only when it leaves the process. It
// is safe for concurrent use.
type Value interface {
	// Encode returns the message without a Value.
	Encode() (*Message, error)
	Size() int // about how many bytes it holds on to
}

// A Delivery is a message on its way to a consumer group.
type Delivery struct {
	*Message
	Partition int32
	Offset    int64 // of the message in its partition; grows
	Attempt   int   // counts the deliveries to the group from 1, where the backend knows
	Handle    any   // the driver's own

	seq int64 // within a Group
}

// A Settlement tells what became of a delivery. The zero Again acknowledges it:
// the group will not see it again, not even after a crash, as soon as the
// driver has made that durable.
type Settlement struct {
	Delivery
	Again bool          // not acknowledged: deliver it again
	After time.Duration // not before this has passed, where the backend can wait
}

// A Stream is an open stream. All methods are safe for concurrent use. A method
// that waits returns ctx.Err() when ctx ends first.
type Stream interface {
	// Publish appends messages in their order and returns once they are safe: as
	// safe as the backend makes them by its settings. It waits while the backend
	// has no room. When only some were taken the error is a *[BatchError]; with
	// any other error none was, as far as is known. One call follows another:
	// messages of one key are published in one order by whoever publishes them.
	Publish(ctx context.Context, batch []*Message) error
	// Subscribe returns a new member of a consumer group. Every group gets all
	// messages; the members of one share them. A backend that cannot be read
	// returns [ErrUnsupported].
	Subscribe(ctx context.Context, group string, o ReadOptions) (Reader, error)
	// Lag is how many messages the group has not acknowledged, or
	// [ErrUnsupported].
	Lag(ctx context.Context, group string) (int64, error)
	// Close releases the stream, for which Publish has returned; readers are
	// closed before. It may be called twice.
	Close(ctx context.Context) error
}

// ReadOptions are how a group reads.
type ReadOptions struct {
	// Latest lets a group that is new begin with what comes from now on, and not
	// with the oldest message there is.
	Latest bool
}

// A Reader is a member of a consumer group. Receive is called by one goroutine
// at a time, Settle by any number, also while Receive waits.
type Reader interface {
	// Receive waits for at least one message and fills dst with as many as there
	// are. It returns messages of one key in their order, and none whose key has
	// an unsettled one at another member. When it returns an error it has
	// delivered nothing; io.EOF means that there will never be another.
	Receive(ctx context.Context, dst []Delivery) (n int, err error)
	// Settle says what became of deliveries, each of them once. Those that came
	// by more than one way, or from an earlier reader, are of no consequence.
	Settle(ctx context.Context, batch []Settlement) error
	// Close leaves the group: what was delivered and not settled goes to another
	// member, or to the next one there is. It makes acknowledgements durable and
	// ends a Receive that waits, with io.EOF. It may be called twice.
	Close(ctx context.Context) error
}

// Traits are what the portable types know of a driver.
type Traits struct {
	// Local says that messages stay in this process: a Value is handed over as
	// it is, Publish is cheap, and what is not read when the process ends is
	// lost.
	Local bool
	// Wraps says that records carry the body alone, so that the driver itself
	// writes the wrapper (see [Wrap]) around messages with a key, an id or
	// headers. Other drivers have a place for these.
	Wraps bool
}

// A Source is what is to be opened.
type Source struct {
	URL       *url.URL
	Shards    int           // partitions of a stream that is made; 0 leaves it to the driver
	Retention time.Duration // of a stream that is made; 0 leaves it to the driver
}

// An Open function opens a stream. It reports what it does not understand of
// the URL (see [Params]), and acquires nothing that lasts: what needs the backend
// happens in the methods of the stream, so that a URL can be checked without it.
type Open func(ctx context.Context, s Source) (Stream, Traits, error)
