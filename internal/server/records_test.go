package server

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/mem"
)

// silent streams take no records.
type silent struct{ driver.Stream }

func (silent) Publish(context.Context, []*driver.Message) error { return errors.New("it is away") }
func (silent) Close(context.Context) error                      { return nil }

func recordStreams(memory *mem.Memory) Records {
	x := &stream.Mux{}
	x.Register("mem", memory.Open)
	x.Register("dummy", memory.Open)
	x.Register("away", func(context.Context, driver.Source) (driver.Stream, driver.Traits, error) {
		return silent{}, driver.Traits{}, nil
	})
	x.Register("nats", memory.Open) // instead of a server
	return Records{Streams: x}
}

// recordedBy is a spec that records to a stream.
func recordedBy(s *graph.Spec, url string, more ...any) *graph.Spec {
	s.FunctionURI, s.Parameters = "p/f", map[string]any{"log_stream": url}
	for i := 0; i < len(more); i += 2 {
		s.Parameters[more[i].(string)] = more[i+1]
	}
	return s
}

func recordsIn(t *testing.T, memory *mem.Memory, name string) int {
	t.Helper()
	ms, err := memory.Published(name)
	if err != nil {
		t.Fatal(err)
	}
	return len(ms)
}

// TestRecordsOverReloads has a reload go on with the stream, another one change it,
// and one that fails leave it.
func TestRecordsOverReloads(t *testing.T) {
	w, memory := &world{}, &mem.Memory{}
	f := &flow{w: w}
	core := started(t, Config{Spec: recordedBy(f.spec(weight(1)), "dummy://a"), Catalog: w.set(), Records: recordStreams(memory)})
	answers(t, core, "1")
	reload := func(s *graph.Spec) {
		t.Helper()
		if err := core.Reload(t.Context(), content(s)); err != nil {
			t.Fatal(err)
		}
	}
	reload(recordedBy(f.spec(weight(2)), "dummy://a", "log_stream_batch", 2))
	answers(t, core, "2")
	if err := core.Reload(t.Context(), content(recordedBy(f.spec(weight(2)), "dummy://a", "log_stream_batch", 0))); err == nil || !strings.Contains(err.Error(), "log_stream_batch") {
		t.Errorf("a reload with a wrong parameter: error %v", err)
	}
	answers(t, core, "2")
	waitFor(t, "the batch is there", func() bool { return recordsIn(t, memory, "a") == 2 })
	if all := core.cfg.pushers.list(); len(all) != 1 {
		t.Errorf("%d streams", len(all))
	}
	reload(recordedBy(f.spec(weight(3)), "dummy://b"))
	answers(t, core, "3")
	waitFor(t, "a record is in the other stream", func() bool { return recordsIn(t, memory, "b") == 1 })
	waitFor(t, "the first stream is closed", func() bool { return len(core.recordStreams()) == 1 })
	reload(f.spec(weight(4))) // records nothing
	answers(t, core, "4")
	if err := core.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sum record.Ledger
	for _, s := range core.cfg.pushers.list() {
		l := s.Ledger()
		sum.Accepted, sum.Delivered = sum.Accepted+l.Accepted, sum.Delivered+l.Delivered
	}
	if sum.Accepted != 4 || sum.Delivered != 4 || recordsIn(t, memory, "a") != 2 {
		t.Errorf("ledger %+v", sum)
	}
}

// A lingering stream has been published to until it is let go of.
type lingering struct {
	driver.Stream
	let  <-chan struct{}
	busy *atomic.Int32 // of its kind
	used bool
}

func (l *lingering) Publish(context.Context, []*driver.Message) error {
	if !l.used {
		l.used = true
		l.busy.Add(1)
	}
	return nil
}

func (l *lingering) Close(context.Context) error {
	if l.used {
		<-l.let
		l.busy.Add(-1)
	}
	return nil
}

// TestRecordsAgain turns records off, and on again while the first are still delivered:
// who comes after waits, since both have the same files.
func TestRecordsAgain(t *testing.T) {
	w, records := &world{}, recordStreams(&mem.Memory{})
	f := &flow{w: w}
	let, busy := make(chan struct{}), atomic.Int32{}
	records.Streams.Register("lingering", func(context.Context, driver.Source) (driver.Stream, driver.Traits, error) {
		return &lingering{let: let, busy: &busy}, driver.Traits{}, nil
	})
	core := started(t, Config{Spec: recordedBy(f.spec(weight(1)), "lingering://x"), Catalog: w.set(), Records: records})
	answers(t, core, "1")
	waitFor(t, "the record is there", func() bool { return busy.Load() == 1 })
	if err := core.Reload(t.Context(), content(f.spec(weight(2)))); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "nobody records any more", func() bool { return len(core.recordStreams()) == 0 })
	again := make(chan error, 1)
	go func() {
		again <- core.Reload(context.Background(), content(recordedBy(f.spec(weight(3)), "lingering://x")))
	}()
	select {
	case err := <-again:
		close(let)
		t.Fatalf("it did not wait, error %v", err)
	case <-time.After(200 * time.Millisecond): // long enough to see that it waits
	}
	answers(t, core, "2")
	close(let)
	if err := <-again; err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the first is closed", func() bool { return busy.Load() == 0 })
	answers(t, core, "3")
	waitFor(t, "the other record is there", func() bool { return busy.Load() == 1 })
	if err := core.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestRecordsAway has a stream that takes nothing: answers are as ever.
func TestRecordsAway(t *testing.T) {
	w := &world{}
	f := &flow{w: w}
	core := started(t, Config{Spec: recordedBy(f.spec(weight(1)), "away://x"), Catalog: w.set(), Records: recordStreams(&mem.Memory{})})
	for range 20 {
		answers(t, core, "1")
	}
	waitFor(t, "the stream is seen to be away", func() bool { return core.recordStreams()[0].Failing })
	if err := core.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l := core.cfg.pushers.list()[0].Ledger(); l.Accepted != 20 || l.Dropped != 20 {
		t.Errorf("without a folder: ledger %+v", l)
	}
}

// TestRecordStream is which stream records go to.
func TestRecordStream(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(c *Config)
		want   string // the stream; "" for none
		told   string // the problem
		fails  bool
	}{
		{"nothing", func(*Config) {}, "", "", false},
		{"log_stream", func(c *Config) { recordedBy(c.Spec, "dummy://{project}/x") }, "dummy://p/x", "", false},
		{"track_models", func(c *Config) { c.Spec.TrackModels = true }, "nats:///monitoring_stream_default", "", false},
		{"of a project", func(c *Config) { c.Spec.TrackModels, c.Spec.FunctionURI = true, "p/f:v1" }, "nats:///monitoring_stream_p", "", false},
		{"STREAM_PATH", func(c *Config) { c.Spec.TrackModels, c.Spec.StreamPath = true, "mem://x" }, "mem://x", "", false},
		{"a topic", func(c *Config) { c.Spec.TrackModels, c.Spec.StreamPath = true, "kafka://b?topic=t" }, "", "STREAM_PATH: Custom kafka topic is not allowed", true},
		{"v3io", func(c *Config) { recordedBy(c.Spec, "v3io:///x") }, "", "log_stream: v3io:///x: v3io streams belong to", true},
		{"v3io and MLRun", func(c *Config) { recordedBy(c.Spec, "v3io:///x"); c.MLRun = true }, "nats:///monitoring_stream_p", "recorded in the data folder instead, in nats:///monitoring_stream_p", false},
		{"no function and MLRun", func(c *Config) { c.Spec.TrackModels, c.MLRun = true, true }, "", "servers that have a function_uri", false},
		{"a mock", func(c *Config) { c.Spec.TrackModels, c.Mock = true, true }, "", "", false},
		{"a mock in memory", func(c *Config) { recordedBy(c.Spec, "dummy://"); c.Mock = true }, "dummy:", "", false},
		{"a password", func(c *Config) { recordedBy(c.Spec, "away://u:s3cret@h/x?key=s3cret") }, "away://xxxxx@h/x", "", false},
		{"wrong", func(c *Config) { recordedBy(c.Spec, "dummy://", "stream_args", 5) }, "", "parameter stream_args: must be a mapping, found 5", true},
		{"wrong and MLRun", func(c *Config) { recordedBy(c.Spec, "dummy://", "log_stream_sample", -1); c.MLRun = true }, "dummy:", "parameter log_stream_sample", false},
		{"no streams", func(c *Config) { c.Spec.TrackModels, c.Records = true, Records{} }, "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{}
			c := Config{Spec: (&flow{w: w}).spec(weight(1)), Catalog: w.set(), Records: recordStreams(&mem.Memory{})}
			tt.change(&c)
			core, problems := New(c)
			var told []string
			for _, p := range problems {
				told = append(told, p.String())
			}
			if text := strings.Join(told, "\n"); !strings.Contains(text, tt.told) || tt.told == "" && text != "" || tt.fails != (core == nil) {
				t.Fatalf("problems %s, want %s", text, tt.told)
			}
			if core == nil {
				return
			}
			got := ""
			if g := core.current.Load(); g.recording != nil {
				got = g.logStream()
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("the stream is %q, want %q", got, tt.want)
			}
			if err := core.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
