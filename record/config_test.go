package record

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestConfig(t *testing.T) {
	plain := Config{Batch: 1, Sample: 1, Flush: DefaultFlush, Memory: DefaultMemory, Disk: DefaultDisk}
	change := func(f func(*Config)) Config {
		c := plain
		f(&c)
		return c
	}
	for _, tt := range []struct {
		name   string
		params map[string]any
		want   Config
		errs   []string
	}{
		{"nothing", nil, plain, nil},
		{"empty", map[string]any{"log_stream": "", "log_stream_batch": nil, "stream_args": nil, "mine": 1}, plain, nil},
		{"all", map[string]any{
			"log_stream": "file:///x", "log_stream_batch": int64(5), "log_stream_sample": "3", "log_stream_flush": "100ms", "log_stream_memory": "1MiB",
			"log_stream_disk": int64(1000), "log_stream_parquet": "rows",
			"stream_args": map[string]any{"shards": 2.0, "retention_in_hours": 24, "codec": "compact", "kafka_brokers": "x"},
		}, Config{Stream: "file:///x", Batch: 5, Sample: 3, Flush: 100 * time.Millisecond, Memory: 1 << 20, Disk: 1000, Rows: "rows", Codec: "compact", Shards: 2, Retention: 24 * time.Hour}, nil},
		{"rows", map[string]any{"log_stream_parquet": "file:///rows/{project}"}, change(func(c *Config) { c.Rows = "file:///rows/{project}" }), nil},
		{"rows elsewhere", map[string]any{"log_stream_parquet": "s3://bucket/rows"}, Config{}, []string{"parameter log_stream_parquet: must be a folder of this machine, found a URL"}},
		{"seconds", map[string]any{"log_stream_flush": 2}, change(func(c *Config) { c.Flush = 2 * time.Second }), nil},
		{"wrong", map[string]any{
			"log_stream": 5, "log_stream_batch": 0, "log_stream_sample": 2.5, "log_stream_flush": "soon", "log_stream_memory": "1", "log_stream_disk": "9999999999GiB",
			"stream_args": map[string]any{"shard": 1, "codec": "xml", "shards": "many"},
		}, Config{}, []string{
			"parameter log_stream: must be text, found 5", "parameter log_stream_batch: must be a whole number from 1 on, found 0",
			"parameter log_stream_sample: must be a whole number from 1 on, found 2.5", "parameter log_stream_flush: must be a time such as 5s, found soon",
			"parameter log_stream_disk: must be a size such as 64MiB, found 9999999999GiB", "parameter log_stream_memory: must be at least 256KiB",
			"parameter stream_args: shards must be a whole number from 1 on, found many", "parameter stream_args: codec must be json or compact, found xml",
			"parameter stream_args: shard is no argument of streams here: there are shards, retention_in_hours and codec",
		}},
		{"a list", map[string]any{"stream_args": []any{}}, Config{}, []string{"parameter stream_args: must be a mapping, found []"}},
		{"negative", map[string]any{"log_stream_flush": -1, "log_stream_batch": "-1"}, Config{}, []string{
			"parameter log_stream_batch: must be a whole number from 1 on, found -1", "parameter log_stream_flush: must be a time such as 5s, found -1",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, errs := ConfigOf(tt.params)
			var told []string
			for _, err := range errs {
				told = append(told, err.Error())
			}
			if d := cmp.Diff(tt.errs, told); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.want, got); d != "" && tt.errs == nil {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestStream(t *testing.T) {
	if got := StreamOf("nats:///{project}/x", "p"); got != "nats:///p/x" {
		t.Error(got)
	}
	for path, want := range map[string]string{"": "v3io:///projects/p/model-endpoints/stream", "v3io": "v3io:///projects/p/model-endpoints/stream", "http://x": "http://x"} {
		if got, err := MonitoringStream("p", path); err != nil || got != want {
			t.Errorf("%q: %s, error %v", path, got, err)
		}
	}
}
