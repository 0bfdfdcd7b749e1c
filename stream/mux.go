package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A Mux opens streams by the scheme of their URL. The zero value knows none. It
// is filled before it is used; after that it is safe for concurrent use.
type Mux struct {
	opens     map[string]driver.Open
	unpackers map[string]Unpacker // by content type
}

// Register adds a kind of stream under its scheme, "file" for example. It
// panics when the scheme is taken.
func (x *Mux) Register(scheme string, open driver.Open) {
	if scheme == "" || open == nil || x.opens[scheme] != nil {
		panic(fmt.Sprintf("stream: scheme %q is empty, has no driver or is registered twice", scheme)) //nolint:forbidigo // a registry's misuse
	}
	if x.opens == nil {
		x.opens = map[string]driver.Open{}
	}
	x.opens[scheme] = open
}

// Schemes are the kinds of streams there are, sorted.
func (x *Mux) Schemes() []string { return slices.Sorted(maps.Keys(x.opens)) }

// Options are how a stream is opened. nil, and the zero value, mean the
// defaults.
type Options struct {
	Shards    int           // partitions of a stream that is made; 0 leaves it to the backend
	Retention time.Duration // of a stream that is made; 0 leaves it to the backend

	Format     Format
	Attempts   int           // to publish a message; 0 means 4
	Backoff    time.Duration // before the second attempt, doubled for each further one; 0 means 50 ms
	MaxBatch   int           // messages at a time; 0 means 256
	MaxPending int           // messages that wait to be published; 0 means 4096
	Observer   Observer
}

// A Format is how a message becomes a record, for backends outside the process.
type Format int

const (
	// Native gives key, id and headers to the backend, which has a place for
	// them; a file has MLRun's wrapper around those bodies that have any.
	Native Format = iota
	// FullEvent writes MLRun's wrapper into the record, as its queues have it.
	FullEvent
	// Bare writes the body alone. Only the key is kept besides, and only where
	// the backend has a place for it.
	Bare
)

// An Observer is told what happens to the messages of a topic. It is safe for
// concurrent use.
type Observer interface {
	// Published is called for every attempt to publish a batch: with how many of
	// its messages the backend has taken, about how many bytes these hold, and
	// the error if it has not taken all. Attempts within the process are not
	// timed.
	Published(messages, bytes int, took time.Duration, err error)
	// Handled is called for every message a handler has returned for. Messages
	// within the process are not timed.
	Handled(took time.Duration, outcome Outcome)
}

// An Outcome is what became of a message that a handler was called for.
type Outcome int

// The outcomes.
const (
	Delivered Outcome = iota // handled and acknowledged
	Retried                  // the handler failed, and is called again
	Dead                     // given up: it is among the dead letters
	Returned                 // given back unhandled, because the subscription ends
)

// Check says what is wrong with a URL, as far as that can be said without the
// backend.
func (x *Mux) Check(rawURL string) error {
	t, err := x.Open(context.Background(), rawURL, nil)
	if err != nil {
		return err
	}
	return t.Close(context.Background())
}

// Open opens the stream of a URL. Whoever opened it closes it.
func (x *Mux) Open(ctx context.Context, rawURL string, o *Options) (*Topic, error) {
	u, open, err := x.find(rawURL)
	if err != nil {
		return nil, err
	}
	if o == nil {
		o = &Options{}
	}
	s, traits, err := open(ctx, driver.Source{URL: u, Shards: o.Shards, Retention: o.Retention})
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", shown(u), err)
	}
	t := newTopic(shown(u), s, traits, *o)
	t.unpackers = x.unpackers
	return t, nil
}

// shown is a URL as it may be in logs and errors: without its password, the user
// where that is alone, since NATS has its token there, and the query of what is
// posted to, which is the receiver's and may hold a key.
func shown(u *url.URL) string {
	c := *u
	if c.User != nil {
		if _, ok := c.User.Password(); !ok {
			c.User = url.User("xxxxx")
		}
	}
	if c.Scheme == "http" || c.Scheme == "https" {
		c.RawQuery = ""
	}
	return c.Redacted()
}

func (x *Mux) find(rawURL string) (*url.URL, driver.Open, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		var about *url.Error // holds the URL, with its password
		if errors.As(err, &about) {
			err = about.Err
		}
		return nil, nil, fmt.Errorf("the URL of a stream cannot be read: %w", err)
	}
	there := strings.Join(x.Schemes(), "://, ") + "://"
	if len(x.opens) == 0 {
		there = "none"
	}
	switch open := x.opens[u.Scheme]; {
	case open != nil:
		return u, open, nil
	case u.Scheme == "v3io", u.Scheme == "" && strings.HasPrefix(rawURL, "v3io"):
		return nil, nil, fmt.Errorf("%s: v3io streams belong to Iguazio's platform and cannot be opened here; use one of the kinds that this program has (%s)", shown(u), there)
	case u.Scheme == "":
		return nil, nil, fmt.Errorf("%q is no URL of a stream: it begins with the kind of stream (this program has %s)", rawURL, there)
	}
	return nil, nil, fmt.Errorf("%s: this program has no streams of the kind %s:// (it has %s)", shown(u), u.Scheme, there)
}
