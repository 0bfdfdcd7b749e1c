package queue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/leat-ml/leat/stream"
)

// A letter is a dead letter: an error record as MLRun has them, and what is
// known besides.
type letter struct {
	FunctionURI string    `json:"function_uri,omitempty"`
	Source      string    `json:"source"` // the queue
	Stream      string    `json:"stream"`
	Group       string    `json:"group"`
	Event       dead      `json:"event"`
	Message     string    `json:"message"` // why
	Attempts    int       `json:"attempts"`
	When        time.Time `json:"when"`
}

type dead struct {
	ID      string              `json:"id,omitempty"`
	Key     string              `json:"key,omitempty"`
	Body    any                 `json:"body"` // text where it is no JSON
	Headers map[string][]string `json:"headers,omitempty"`
}

// bury publishes an event whose way has failed to the dead letters.
func (q *Queue) bury(ctx context.Context, d *stream.Delivery, cause error, attempts int) error {
	m := d.Message
	if m.Value != nil {
		var err error
		if m, err = m.Value.Encode(); err != nil {
			m = &stream.Message{Body: []byte(err.Error())}
		}
	}
	l := letter{
		FunctionURI: q.env.FunctionURI, Source: q.name, Stream: q.topic.String(), Group: q.options.Group,
		Event:   dead{ID: m.ID, Key: m.Key, Body: string(m.Body), Headers: m.Header},
		Message: cause.Error(), Attempts: attempts, When: time.Now().UTC(),
	}
	if json.Valid(m.Body) {
		l.Event.Body = json.RawMessage(m.Body)
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return q.dead.Publish(ctx, &stream.Message{Body: text})
}
