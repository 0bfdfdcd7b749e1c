package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/mem"
)

// failing are steps of which some fail: those called fail, and choosy where the
// body says so.
func failing(memory *mem.Memory) *catalog.Set {
	set, x := &catalog.Set{}, &stream.Mux{}
	x.Register("mem", memory.Open)
	x.Register("dummy", memory.Open)
	queue.Register(set, x)
	set.AddFunc("pass", func(_ context.Context, x any) (any, error) { return x, nil })
	set.AddFunc("fail", func(context.Context, any) (any, error) { return nil, errors.New("it broke") })
	return set
}

func submit(t *testing.T, c *Core, id, body string) error {
	t.Helper()
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/x"}, []byte(body))
	ev.ID = id
	_, err := c.Serve(t.Context(), ev)
	return err
}

// errorsOf are the records in the error stream, without the host.
func errorsOf(t *testing.T, memory *mem.Memory, name string) (records []map[string]any) {
	t.Helper()
	ms, err := memory.Published(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		var r map[string]any
		if err := json.Unmarshal(m.Body, &r); err != nil {
			t.Fatalf("%s: %v", m.Body, err)
		}
		if _, ok := r["host"]; !ok {
			t.Errorf("no host in %s", m.Body)
		}
		delete(r, "host")
		records = append(records, r)
	}
	return records
}

// TestErrorStream wants what MLRun records of an event that fails: in a request,
// and beside one.
func TestErrorStream(t *testing.T) {
	memory := &mem.Memory{}
	step := func(name, handler, after string) *graph.StepSpec {
		s := &graph.StepSpec{Name: name, Handler: handler, Responder: name == "end"}
		if after != "" {
			s.After = []string{after}
		}
		return s
	}
	for _, tt := range []struct {
		name  string
		body  string
		steps []*graph.StepSpec
		want  []map[string]any
	}{
		{"request", `{"n": 1}`, []*graph.StepSpec{step("a", "pass", ""), step("end", "fail", "a")},
			[]map[string]any{failureLine("end", map[string]any{"n": 1.0}, "step end: it broke")}},
		{"beside", `{"n": 1}`, []*graph.StepSpec{step("end", "pass", ""), step("side", "fail", "end")},
			[]map[string]any{failureLine("side", map[string]any{"n": 1.0}, "step side: it broke")}},
		{"text", `hello`, []*graph.StepSpec{step("end", "fail", "")}, []map[string]any{failureLine("end", "hello", "step end: it broke")}},
		{"none", `{"n": 1}`, []*graph.StepSpec{step("end", "pass", "")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := &graph.Spec{
				FunctionURI: "p/f", ErrorStream: "dummy://" + tt.name,
				Graph: &graph.StepSpec{Engine: "async", Steps: tt.steps},
			}
			core, problems := New(Config{Spec: spec, Catalog: failing(memory)})
			if core == nil {
				t.Fatal(problems)
			}
			if err := core.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			_ = submit(t, core, "e1", tt.body) // fails where it should
			if err := core.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, errorsOf(t, memory, tt.name)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func failureLine(source string, body any, message string) map[string]any {
	return map[string]any{
		"function_uri": "p/f", "worker": 0.0, "source": source, "message": message, "args": map[string]any{},
		"event": map[string]any{"id": "e1", "body": body},
	}
}

// TestErrorStreamOfQueues wants dead letters there, where a queue has no place of
// its own for them.
func TestErrorStreamOfQueues(t *testing.T) {
	memory := &mem.Memory{}
	spec := &graph.Spec{ErrorStream: "dummy://errors", Graph: &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "end", Handler: "pass", Responder: true},
		{Name: "q", Kind: "queue", Path: "mem://q", After: []string{"end"}, Options: map[string]any{"attempts": int64(1)}},
		{Name: "bad", Handler: "fail", After: []string{"q"}},
	}}}
	core, problems := New(Config{Spec: spec, Catalog: failing(memory)})
	if core == nil {
		t.Fatal(problems)
	}
	if err := errors.Join(core.Start(t.Context()), submit(t, core, "e1", `1`), core.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	ms, err := memory.Published("errors")
	if err != nil || len(ms) != 1 || !bytes.Contains(ms[0].Body, []byte(`"source":"q"`)) || !bytes.Contains(ms[0].Body, []byte(`step bad: it broke`)) {
		t.Errorf("%d records, %v: %s", len(ms), err, fmt.Sprint(ms))
	}
}

// TestErrorStreamProblems refuses a stream that is not there; MLRun's specs are
// served without.
func TestErrorStreamProblems(t *testing.T) {
	spec := &graph.Spec{
		File: "s.yaml", ErrorStream: "v3io:///projects/p/errors", ErrorStreamPos: graph.Pos{Line: 3, Col: 1},
		Graph: &graph.StepSpec{Steps: []*graph.StepSpec{{Name: "a", Handler: "pass"}}},
	}
	for _, set := range []*catalog.Set{failing(&mem.Memory{}), (&world{}).set()} {
		set = set.Clone()
		if set.Lookup("queue") == nil {
			set.AddFunc("pass", func(_ context.Context, x any) (any, error) { return x, nil })
		}
		core, problems := New(Config{Spec: spec, Catalog: set})
		if core != nil || len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "s.yaml:3:1: error_stream: ") {
			t.Errorf("%v", problems)
		}
		core, problems = New(Config{Spec: spec, Catalog: set, MLRun: true})
		if core == nil || len(problems) != 1 || !problems[0].Warning {
			t.Errorf("%v", problems)
		}
	}
}

// stuck is a stream that takes nothing until ctx ends.
type stuck struct{ calls atomic.Int64 }

func (s *stuck) Do(ctx context.Context, _ *serve.Event) (serve.Fate, error) {
	s.calls.Add(1)
	<-ctx.Done()
	return serve.Pass, ctx.Err()
}

// TestErrorStreamIsBounded has more fail than a stream that is stuck can take: no
// request waits, and what waits has an end.
func TestErrorStreamIsBounded(t *testing.T) {
	st := &stuck{}
	set := failing(&mem.Memory{})
	other := &catalog.Set{}
	other.Add(catalog.Entry{Name: "queue", New: func(catalog.Args) (serve.Step, error) { return st, nil }})
	f, err := set.Func("fail")
	if err != nil {
		t.Fatal(err)
	}
	other.AddFunc("fail", f)
	spec := &graph.Spec{ErrorStream: "x", Graph: &graph.StepSpec{Engine: "sync", Steps: []*graph.StepSpec{{Name: "a", Handler: "fail"}}}}
	core, problems := New(Config{Spec: spec, Catalog: other})
	if core == nil {
		t.Fatal(problems)
	}
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	sink := core.current.Load().errors
	large := `"` + strings.Repeat("x", maxFailedBody) + `"`
	for i := range 2 * maxFailures {
		body := `{"n": 1}`
		if i%2 == 0 {
			body = large
		}
		if err := submit(t, core, "e", body); err == nil {
			t.Fatal("it did not fail")
		}
		if i == 0 {
			waitFor(t, "the first is on its way, and takes no room from the others", func() bool { return st.calls.Load() == 1 })
		}
	}
	if n := len(sink.pending); n != maxFailures || sink.lost.Load() < maxFailures-1 {
		t.Errorf("%d wait, %d were left out", n, sink.lost.Load())
	}
	if n := sink.bytes.Load(); n > maxFailureBytes {
		t.Errorf("%d bytes wait", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := core.Close(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if sink.lost.Load() != 2*maxFailures || sink.bytes.Load() != 0 {
		t.Errorf("%d of %d were counted, and %d bytes", sink.lost.Load(), 2*maxFailures, sink.bytes.Load())
	}
}
