package v2

import "time"

// BatchMetrics are [Metrics] that count rows too: Batch is called besides End, for
// every inference that succeeds.
type BatchMetrics interface {
	Metrics
	Batch(rows int, d time.Duration)
}

// rows is the number of rows of the request: the first length of its first input,
// if that is a batch, which one of a single dimension is only by the schema.
func (in *inference) rows() int {
	if len(in.req.Inputs) == 0 {
		if list, ok := in.req.Data.([]any); ok {
			return len(list)
		}
		return 1
	}
	shape := in.req.Inputs[0].Shape
	specs := in.s.desc.Load().Inputs
	batched := len(shape) > 1
	if len(specs) > 0 && specs[0].Shape != nil {
		batched = len(specs[0].Shape) > 0 && specs[0].Shape[0] < 0
	}
	if !batched || len(shape) == 0 {
		return 1
	}
	return shape[0]
}
