// Package mem keeps streams in memory: mem://name, and dummy://name, which also
// remembers what was published, for tests. A [Memory] holds the streams of one
// process, or of one test; [Memory.Open] opens them.
//
// A stream holds a bounded number of messages and bytes a consumer group, and
// Publish waits for room while a group is full that somebody reads for. As long
// as nobody does it holds the newest messages and forgets the oldest. Nothing
// survives the process.
package mem

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/leat-ml/leat/stream/driver"
)

// A Memory holds streams by name. The zero value is ready to use, and safe for
// concurrent use.
type Memory struct {
	mu     sync.Mutex
	topics map[string]*topic
}

// Limits are how much a stream holds for a group.
const (
	DefaultMessages = 1024
	DefaultBytes    = 64 << 20
)

// Open implements [driver.Open]. The options are max_messages and max_bytes; a
// stream has those of whoever opens it first.
func (r *Memory) Open(_ context.Context, s driver.Source) (driver.Stream, driver.Traits, error) {
	name, err := nameOf(s.URL)
	if err != nil {
		return nil, driver.Traits{}, err
	}
	p := driver.ParamsOf(s.URL)
	messages := p.Int("max_messages", DefaultMessages, 1)
	bytes := p.Size("max_bytes", DefaultBytes)
	if err := p.Err(); err != nil {
		return nil, driver.Traits{}, err
	}
	t := r.topic(name, messages, bytes, s.URL.Scheme == "dummy")
	return &stream{topic: t, done: make(chan struct{})}, driver.Traits{Local: true}, nil
}

func nameOf(u *url.URL) (string, error) {
	name := u.Host
	if path := strings.Trim(u.Path, "/"); path != "" {
		name = strings.Trim(name+"/"+path, "/")
	}
	if name == "" && u.Scheme != "dummy" {
		return "", fmt.Errorf("a stream in memory needs a name: %s://name", u.Scheme)
	}
	if u.Scheme == "dummy" {
		name = "dummy:" + name
	}
	return name, nil
}

func (r *Memory) topic(name string, messages int, bytes int64, record bool) *topic {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.topics[name]; t != nil {
		return t
	}
	if r.topics == nil {
		r.topics = map[string]*topic{}
	}
	t := &topic{messages: messages, bytes: bytes, record: record, groups: map[string]*group{}}
	t.idle = t.newGroup()
	r.topics[name] = t
	return t
}

// Published are the messages that were published to dummy://name, oldest first:
// the newest 1024 of them, or as many as max_messages says. They are encoded.
func (r *Memory) Published(name string) ([]*driver.Message, error) {
	r.mu.Lock()
	t := r.topics["dummy:"+name]
	r.mu.Unlock()
	if t == nil {
		return nil, nil
	}
	t.mu.Lock()
	kept := append([]*driver.Message(nil), t.kept...)
	t.mu.Unlock()
	for i, m := range kept {
		if m.Value == nil {
			continue
		}
		var err error
		if kept[i], err = m.Value.Encode(); err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
	}
	return kept, nil
}
