package server

import "github.com/leat-ml/leat/stream"

// A queueWatcher counts the events of queues until they are gone: see
// [github.com/leat-ml/leat/step/queue.Observer].
type queueWatcher interface {
	Queue(step string) stream.Observer
	Depth(step string, waiting func() (int64, bool)) (closed func())
	QueueGone(step string)
}

// Queue implements queue.Observer.
func (w *witness) Queue(step string) stream.Observer {
	if w.queues == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seenQueues[step] = true
	return w.queues.Queue(step)
}

// Depth implements queue.Observer.
func (w *witness) Depth(step string, waiting func() (int64, bool)) (closed func()) {
	if w.queues == nil {
		return func() {}
	}
	return w.queues.Depth(step, waiting)
}

// forgetQueues is forget for queues: those that are none of stays are gone. The
// lock mu is held.
func (w *witness) forgetQueues(stays map[string]bool) {
	for step := range w.seenQueues {
		if !stays[step] {
			w.queues.QueueGone(step)
		}
	}
}

// queueNames are the queues that were heard of until now.
func (w *witness) queueNames() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make(map[string]bool, len(w.seenQueues))
	for step := range w.seenQueues {
		all[step] = true
	}
	return all
}
