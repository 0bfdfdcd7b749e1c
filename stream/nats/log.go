package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A log is a stream of JetStream, or the part of one that has a subject.
type log struct {
	server *server
	config
	users int // guarded by the hub's lock

	mu    sync.Mutex
	found *found // nil before the first use

	sending sync.Mutex             // held while a pack is on its way to the server within the process
	total   atomic.Int64           // of the records there
	spare   atomic.Pointer[[]byte] // memory for a pack

	joining sync.Mutex // held while groups are joined and left
	groups  map[string]*group
}

// A found stream is what the server says of one. It does not change.
type found struct {
	jetstream.Stream
	js   jetstream.JetStream
	name string
	own  bool // made by this driver, which makes room there
	made time.Time
}

// ownDescription marks the streams that the driver has made.
const ownDescription = "made by leat"

// open finds the stream, or makes it.
func (l *log) open(ctx context.Context) (*found, error) {
	js, err := l.server.connect(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found != nil {
		return l.found, nil
	}
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	s, err := l.find(ctx, js)
	if err != nil {
		return nil, fmt.Errorf("stream of subject %s at %s: %w", l.subject, l.server.place(), err)
	}
	info := s.CachedInfo()
	if l.embedded() {
		total, err := countOf(ctx, s, info.State)
		if err != nil {
			return nil, err
		}
		l.total.Store(total)
	}
	c := info.Config
	own := c.Description == ownDescription && len(c.Subjects) == 1 && c.Subjects[0] == l.subject
	l.found = &found{Stream: s, js: js, name: c.Name, own: own, made: info.Created}
	return l.found, nil
}

// bounded is ctx with an end: calls of a server take no longer than that.
func (l *log) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, l.timeout)
}

func (l *log) find(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	name, err := js.StreamNameBySubject(ctx, l.subject)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return l.make(ctx, js)
	}
	if err != nil {
		return nil, err
	}
	s, err := js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	c := s.CachedInfo().Config
	if c.Description != ownDescription || c.MaxBytes == l.bytes && (l.retention == 0 || c.MaxAge == l.retention) {
		return s, nil
	}
	c.MaxBytes = l.bytes
	if l.retention > 0 {
		c.MaxAge = l.retention
	}
	return js.UpdateStream(ctx, c)
}

// duplicates is for how long the server knows what was published, so that an
// attempt whose answer was lost can be repeated.
const duplicates = 10 * time.Second

func (l *log) make(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	c := jetstream.StreamConfig{
		Name: streamName(l.subject), Subjects: []string{l.subject}, Description: ownDescription,
		Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew,
		MaxBytes: l.bytes, MaxAge: l.retention, Duplicates: duplicates,
	}
	if c.MaxAge > 0 {
		c.Duplicates = min(c.Duplicates, c.MaxAge)
	}
	s, err := js.CreateStream(ctx, c)
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == errNoStorage {
		return nil, fmt.Errorf("the server has less room than the stream is to have (max_bytes, %d): %w", c.MaxBytes, err)
	}
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil, fmt.Errorf("there is a stream %s already, for another subject: make one for this subject", c.Name)
	}
	return s, err
}

// forget has the stream looked for again: it is gone.
func (l *log) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = nil
}

// countOf is how many records there are in front of the end of a stream, and
// ever were: the last pack says it.
func countOf(ctx context.Context, s jetstream.Stream, state jetstream.StreamState) (int64, error) {
	if state.Msgs == 0 {
		return 0, nil
	}
	_, after, err := packAt(ctx, s, state.LastSeq)
	return after, err
}

// packAt are how many records there are in front of a message of the server
// within the process and behind it.
func packAt(ctx context.Context, s jetstream.Stream, seq uint64) (before, after int64, err error) {
	m, err := s.GetMsg(ctx, seq)
	if err != nil {
		return 0, 0, fmt.Errorf("read message %d: %w", seq, err)
	}
	before, n := readPackField(m.Header.Get(packField))
	return before, before + n, nil
}

// packOf is the header field of a pack of n records behind so many others.
func packOf(n int, before int64) string {
	return strconv.Itoa(n) + " " + strconv.FormatInt(before, 10)
}

func readPackField(text string) (before, n int64) {
	first, second, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil || n < 1 || n > maxPack {
		return 0, 1
	}
	if before, err = strconv.ParseInt(second, 10, 64); err != nil || before < 0 || before > 1<<60 {
		before = 0
	}
	return before, n
}
