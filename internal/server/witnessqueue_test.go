package server

import "github.com/leat-ml/leat/step/queue"

// Queues look for their observer in the recorder that steps are given.
var _ queue.Observer = (*witness)(nil)
