package http

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/leat-ml/leat/stream/driver"
)

// appendRecord appends a record: the body alone where that says everything and
// cannot be taken for the wrapper, else in the wrapper.
func appendRecord(dst []byte, m *driver.Message) []byte {
	bare := m.Key == "" && m.ID == "" && len(m.Header) == 0 &&
		!driver.IsWrapped(m.Body) && json.Valid(m.Body)
	if bare {
		return driver.AppendLine(dst, bytes.TrimSpace(m.Body))
	}
	return driver.Wrap(dst, m)
}

// A post is a request: the records from to to-1 of a batch.
type post struct {
	messages []*driver.Message
	at       []int // of the messages in the batch
}

// posts are the requests of a batch by what must wait for what: those of one list
// go one after the other, lists at the same time.
func (c *config) posts(batch []*driver.Message) [][]post {
	if c.batch != "none" {
		p := post{messages: batch, at: make([]int, len(batch))}
		for i := range p.at {
			p.at[i] = i
		}
		return [][]post{{p}}
	}
	var lists [][]post
	keys := map[string]int{}
	for i, m := range batch {
		one := post{messages: []*driver.Message{m}, at: []int{i}}
		at, ok := keys[m.Key]
		if c.requests == 1 {
			at, ok = 0, len(lists) > 0
		}
		if !ok || m.Key == "" && c.requests > 1 {
			keys[m.Key] = len(lists)
			lists = append(lists, []post{one})
			continue
		}
		lists[at] = append(lists[at], one)
	}
	return lists
}

// body is what is posted, and its type.
func (c *config) body(p post) (body []byte, kind string) {
	switch c.batch {
	case "lines":
		for _, m := range p.messages {
			body = append(appendRecord(body, m), '\n')
		}
		return body, "application/x-ndjson"
	case "array":
		for i, m := range p.messages {
			body = appendRecord(append(body, "[,"[min(i, 1)]), m)
		}
		return append(body, ']'), "application/json"
	}
	return slices.Clip(appendRecord(nil, p.messages[0])), "application/json"
}
