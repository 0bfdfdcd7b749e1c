package tracing

import (
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// set sets one setting to values; none clears it.
func (s *Settings) set(c *choice, key string, values []string) error {
	switch key {
	case keyLevel:
		return s.setLevel(c, values)
	case keyRate:
		c.rate = nil
		return number(key, values, strconv.ParseUint, func(n uint64) { c.rate = newRate(n) })
	case keyCount:
		c.count = nil
		return number(key, values, strconv.ParseInt, func(n int64) { c.count = newCount(max(n, -1)) })
	case keyFrequency:
		return none(key, values, "0", "it is about files, and traces go to a collector of OpenTelemetry")
	case keyFile:
		return none(key, values, "", "traces go to a collector of OpenTelemetry, which is set when the server starts, with --traces")
	}
	return refused("there is no setting %q of traces: there are trace_level, trace_rate and trace_count", key)
}

// setLevel takes OFF, TIMESTAMPS, and what Triton's older clients call the latter.
func (s *Settings) setLevel(c *choice, values []string) error {
	c.level = nil
	for _, v := range values {
		switch v {
		case levelOff:
			if len(values) > 1 {
				return refused("trace_level has OFF and others")
			}
		case "MIN", "MAX":
			v = levelTimestamps
			fallthrough
		case levelTimestamps:
			if !s.collects {
				return serve.Errorf(serve.NotOffered, "", "trace_level: nobody collects traces: start the server with --traces")
			}
		case "TENSORS":
			return serve.Errorf(serve.NotOffered, "", "trace_level: tensors are not put into traces")
		default:
			return refused("trace_level is %q: choose OFF or TIMESTAMPS", v)
		}
		c.level = &v
	}
	return nil
}

// number reads a setting that is one number, if there is one.
func number[N any](key string, values []string, parse func(string, int, int) (N, error), set func(N)) error {
	if len(values) == 0 {
		return nil
	}
	n, err := parse(values[0], 10, 64)
	if err != nil || len(values) > 1 {
		return refused("%s is %q, which is no number", key, values)
	}
	set(n)
	return nil
}

// none refuses every value but the one that is there.
func none(key string, values []string, only, why string) error {
	if len(values) > 1 || len(values) == 1 && values[0] != only {
		return refused("%s cannot be changed: %s", key, why)
	}
	return nil
}

func refused(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "ValueError", format, args...)
}
