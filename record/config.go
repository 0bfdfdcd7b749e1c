package record

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Config is what the parameters of a server say of its records.
type Config struct {
	Stream string // URL; "" where they name none
	Batch  int    // records that go as one
	Sample int    // of so many inferences one is recorded
	Flush  time.Duration
	Memory int64 // bytes
	Disk   int64
	Rows   string // folder of Parquet files; "" for none
	// Codec is "json" or "compact"; "" leaves it to the stream.
	Codec     string
	Shards    int
	Retention time.Duration
}

// The parameters of a server that say how inferences are recorded. The first four
// are MLRun's.
const (
	ParamStream = "log_stream"
	ParamBatch  = "log_stream_batch"
	ParamSample = "log_stream_sample"
	ParamArgs   = "stream_args"
	ParamFlush  = "log_stream_flush"
	ParamMemory = "log_stream_memory"
	ParamDisk   = "log_stream_disk"
	ParamRows   = "log_stream_parquet"
)

// A ParamError is what is wrong with a parameter.
type ParamError struct {
	Param string
	Err   error
}

// Error names the parameter.
func (e *ParamError) Error() string { return "parameter " + e.Param + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *ParamError) Unwrap() error { return e.Err }

// foreign are the stream_args of MLRun for streams of other platforms, and those that
// say what happens here anyway. They have no meaning here.
var foreign = []string{"create", "endpoint", "kafka_brokers", "kafka_bootstrap_servers", "kafka_producer_options", "access_key", "full_event"}

// ConfigOf reads the parameters of a server. The problems are a [*ParamError] each;
// with any the config is of no use.
func ConfigOf(params map[string]any) (Config, []error) {
	r := reader{params: params}
	c := Config{
		Stream: r.text(ParamStream), Batch: r.number(ParamBatch, 1), Sample: r.number(ParamSample, 1),
		Flush: r.duration(ParamFlush, DefaultFlush), Memory: r.size(ParamMemory, DefaultMemory), Disk: r.size(ParamDisk, DefaultDisk),
		Rows: r.text(ParamRows),
	}
	if c.Memory < 4*chunkSize {
		r.complain(ParamMemory, "must be at least 256KiB")
	}
	if strings.Contains(strings.TrimPrefix(c.Rows, "file:///"), "://") {
		r.complain(ParamRows, "must be a folder of this machine, found a URL")
	}
	r.args(&c)
	return c, r.problems
}

type reader struct {
	params   map[string]any
	within   string // stream_args, while these are read
	problems []error
}

func (r *reader) complain(param, format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if r.within != "" {
		param, err = r.within, fmt.Errorf("%s %w", param, err)
	}
	r.problems = append(r.problems, &ParamError{param, err})
}

func (r *reader) text(name string) string {
	switch v := r.params[name].(type) {
	case nil:
	case string:
		return v
	default:
		r.complain(name, "must be text, found %v", v)
	}
	return ""
}

// number reads a count. MLRun takes texts of digits too.
func (r *reader) number(name string, otherwise int) int {
	v := r.params[name]
	if v == nil || v == "" {
		return otherwise
	}
	n, ok := whole(v)
	if !ok || n < 1 {
		r.complain(name, "must be a whole number from 1 on, found %v", v)
		return otherwise
	}
	return n
}

func whole(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), v <= math.MaxInt32
	case float64:
		return int(v), v == math.Trunc(v) && math.Abs(v) <= math.MaxInt32
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// duration reads a time with its unit; a number is seconds.
func (r *reader) duration(name string, otherwise time.Duration) time.Duration {
	switch v := r.params[name].(type) {
	case nil:
		return otherwise
	case string:
		if d, err := time.ParseDuration(v); err == nil && d > 0 {
			return d
		}
	default:
		if n, ok := whole(v); ok && n > 0 {
			return time.Duration(n) * time.Second
		}
	}
	r.complain(name, "must be a time such as 5s, found %v", r.params[name])
	return otherwise
}

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

// size reads a number of bytes with its unit.
func (r *reader) size(name string, otherwise int64) int64 {
	v := r.params[name]
	if v == nil {
		return otherwise
	}
	text := fmt.Sprint(v)
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n > 0 && n <= (1<<50)/u.bytes {
			return n * u.bytes
		}
		break
	}
	r.complain(name, "must be a size such as 64MiB, found %v", v)
	return otherwise
}

// args reads stream_args.
func (r *reader) args(c *Config) {
	v := r.params[ParamArgs]
	if v == nil {
		return
	}
	args, ok := v.(map[string]any)
	if !ok {
		r.complain(ParamArgs, "must be a mapping, found %v", v)
		return
	}
	in := reader{params: args, within: ParamArgs}
	c.Shards = in.number("shards", 0)
	c.Retention = time.Duration(in.number("retention_in_hours", 0)) * time.Hour
	c.Codec = in.text("codec")
	if c.Codec != "" && c.Codec != "json" && c.Codec != "compact" {
		in.complain("codec", "must be json or compact, found %s", c.Codec)
	}
	for name := range args {
		if !known(name) {
			in.complain(name, "is no argument of streams here: there are shards, retention_in_hours and codec")
		}
	}
	r.problems = append(r.problems, in.problems...)
}

func known(name string) bool {
	for _, f := range append([]string{"shards", "retention_in_hours", "codec"}, foreign...) {
		if f == name {
			return true
		}
	}
	return false
}

// errTopic is MLRun's.
var errTopic = errors.New("Custom kafka topic is not allowed") //nolint:staticcheck // MLRun's words

// MonitoringStream is the stream of a project's records where a server names none, as
// MLRun finds it (get_stream_path in mlrun/model_monitoring/helpers.py). streamPath is
// the setting STREAM_PATH.
func MonitoringStream(project, streamPath string) (string, error) {
	switch {
	case streamPath == "", streamPath == "v3io":
		return "v3io:///projects/" + project + "/model-endpoints/stream", nil
	case !strings.HasPrefix(streamPath, "kafka://"):
		return streamPath, nil
	case strings.Contains(streamPath, "?topic"):
		return "", errTopic
	}
	return streamPath + "?topic=" + OwnStream(project), nil
}

// OwnStream is the name of a project's stream of records.
func OwnStream(project string) string { return "monitoring_stream_" + project }

// StreamOf is the URL of the stream that log_stream names.
func StreamOf(logStream, project string) string {
	return strings.ReplaceAll(logStream, "{project}", project)
}
