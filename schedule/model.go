package schedule

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A Predictor is the model, or what stands before it.
type Predictor interface {
	Predict(ctx context.Context, req *serve.Request) (any, error)
}

// The parameters of requests that say something of their scheduling, by Triton's
// docs/protocol/extension_schedule_policy.md and extension_sequence.md.
const (
	paramTimeout  = "timeout"  // microseconds in the queue
	paramPriority = "priority" // 1 is the highest
	paramID       = "sequence_id"
	paramStart    = "sequence_start"
	paramEnd      = "sequence_end"
)

// paramBinary says how outputs are written, by Triton's
// docs/protocol/extension_binary_data.md: no business of the model's, and no reason
// to keep two requests apart.
const paramBinary = "binary_data_output"

func isServers(key string) bool {
	switch key {
	case paramTimeout, paramPriority, paramID, paramStart, paramEnd, paramBinary:
		return true
	}
	return false
}

// others are the parameters of a request that the model may look at.
func others(p map[string]any) map[string]any {
	var rest map[string]any
	for key, v := range p {
		if isServers(key) {
			continue
		}
		if rest == nil {
			rest = make(map[string]any, len(p))
		}
		rest[key] = v
	}
	return rest
}

func alikeParameters(a, b map[string]any) bool {
	if len(a) == 0 && len(b) == 0 {
		return true
	}
	return maps.EqualFunc(others(a), others(b), func(v, w any) bool { return plain(v) && plain(w) && v == w })
}

// plain says whether the value of a parameter is one that a client can send. Steps may
// make others, which need not be comparable.
func plain(v any) bool {
	switch v.(type) {
	case nil, bool, int64, float64, string, serve.Number:
		return true
	}
	return false
}

// tensorsOf are the tensors that a model answered with; ok is false where it
// answered with something else.
func tensorsOf(out any) (all []*serve.Tensor, ok bool) {
	switch v := out.(type) {
	case []*serve.Tensor:
		return v, true
	case *serve.Tensor:
		return []*serve.Tensor{v}, true
	}
	return nil, false
}

// checkPolicy checks the parameters by which a request says how it is to wait: whole
// numbers from 0.
func checkPolicy(p map[string]any) error {
	if len(p) == 0 {
		return nil
	}
	for _, key := range [...]string{paramPriority, paramTimeout} {
		v, ok := p[key]
		if !ok {
			continue
		}
		switch n := v.(type) {
		case int64:
			ok = n >= 0
		case serve.Number: // what int64 does not hold
			_, err := strconv.ParseUint(string(n), 10, 64)
			ok = err == nil
		default:
			ok = false
		}
		if !ok {
			return serve.Errorf(serve.BadRequest, "ValueError", "parameter %q is %v, not a whole number from 0", key, v)
		}
	}
	return nil
}

// microseconds is a parameter that is a time; 0 where there is none.
func microseconds(p map[string]any, key string) time.Duration {
	n, ok := p[key].(int64)
	if !ok || n < 0 || n > int64(time.Duration(1<<62)/time.Microsecond) {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}
