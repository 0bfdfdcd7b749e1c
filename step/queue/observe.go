package queue

import (
	"context"
	"time"

	"github.com/leat-ml/leat/stream"
)

// An Observer gives queues what counts their events. A queue looks for one in
// the recorder of its environment.
type Observer interface {
	// Queue returns what counts the events of a queue, by the queue's name; nil
	// for nothing.
	Queue(step string) stream.Observer
	// Depth is called when a queue begins to read its stream, with what says how
	// many events there have not been processed: it may take as long as the
	// backend takes to count them, and ok is false where it cannot. closed is
	// called when the queue is closed, before which another of its name may begin.
	Depth(step string, waiting func() (n int64, ok bool)) (closed func())
}

// observer is who counts the events of queues; nil is nobody.
func (q *Queue) observer() Observer {
	o, _ := q.env.Recorder.(Observer)
	return o
}

// metrics are what counts the events of the queue; nil for nothing.
func (q *Queue) metrics() stream.Observer {
	if o := q.observer(); o != nil {
		return o.Queue(q.name)
	}
	return nil
}

// depthPatience is how long whoever asks for the depth of a queue waits.
const depthPatience = time.Second

// depth is how many events of the stream the queue's group is not done with.
func (q *Queue) depth() (int64, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), depthPatience)
	defer cancel()
	n, err := q.topic.Lag(ctx, q.options.Group)
	return n, err == nil
}
