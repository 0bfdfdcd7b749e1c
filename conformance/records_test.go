package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
	"github.com/leat-ml/leat/stream/mem"
	"github.com/leat-ml/leat/v2"
)

// A recordCase is what a predicate about the stream of records asks for, exactly:
// the records that are there behind each request, newest last.
type recordCase struct {
	after []int // how many records there are behind each request; -1 is not looked at
	// at is what some of the records have, each by its place; keys are by their path.
	at map[int]map[string]any
	// any is what each of some records has, in any order.
	any []map[string]any
	// last is how many there are when the server is closed.
	last int
}

// base keys are those that every record has.
var baseKeys = []string{"class", "function_uri", "host", "model", "op", "request", "version", "when", "worker"}

var recordCases = map[string]recordCase{
	"predict_error_is_400": {after: []int{1}, last: 1, at: map[int]map[string]any{0: {
		"error": "simulated error..", "op": "infer", "model": "m6", "resp": nil, "microsec": nil,
	}}},
	"track_single": {after: []int{1}, last: 1, at: map[int]map[string]any{0: {
		"model": "my", "class": "FirstMul", "request.inputs": []any{[]any{5.0, 6.0}}, "request.id": nil,
		"resp.outputs": []any{10.0}, "op": "infer", "function_uri": "default/func", "worker": 0.0, "version": "",
	}}},
	"track_custom_values": {after: []int{1}, last: 1, at: map[int]map[string]any{0: {
		"request.inputs": []any{[]any{1.0}}, "resp": map[string]any{"outputs": []any{2.0}},
	}}},
	"track_ensemble": {after: []int{3}, last: 3, any: []map[string]any{
		{"model": "1", "resp.outputs": []any{10.0}, "op": "infer"}, {"model": "2", "resp.outputs": []any{15.0}, "op": "infer"},
		{"model": "VotingEnsemble", "class": "VotingEnsemble", "resp.outputs": []any{12.5}, "op": nil},
	}},
	"track_disabled_but_log_stream_set": {after: []int{1}, last: 1},
	"track_sample": {after: []int{-1, -1, -1, -1, -1, 2}, last: 2, at: map[int]map[string]any{
		0: {"request.inputs": []any{[]any{3.0, 6.0}}, "weight": 3.0}, 1: {"request.inputs": []any{[]any{6.0, 6.0}}, "weight": 3.0},
	}},
	"track_batch": {after: []int{0, 1, 1}, last: 2, at: map[int]map[string]any{0: {
		"headers": []any{"request", "op", "resp", "when", "microsec", "metrics"},
	}}},
	"better_microsec_over_one_second":          {after: []int{1}, last: 1},
	"better_ensemble_record_after_direct_call": {after: []int{1, 4}, last: 4},
	"better_stream_outage_is_not_client_error": {after: []int{0}},
}

// TestRecordCases runs the cases that are about records with models in Go, and with
// the Python classes of user_code.py.
func TestRecordCases(t *testing.T) {
	code := pythonCode(t, "user_code.py")
	ran := 0
	for _, c := range readCases(t) {
		want, ok := recordCases[c.Name]
		if !ok {
			if strings.Contains(string(c.Expect), "stream_predicate") {
				t.Errorf("case %s is about records, and is not run", c.Name)
			}
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			t.Run("go", func(t *testing.T) { runRecordCase(t, c, want, nil) })
			t.Run("python", func(t *testing.T) { runRecordCase(t, c, want, code) })
		})
	}
	if ran != len(recordCases) {
		t.Errorf("ran %d cases, want %d", ran, len(recordCases))
	}
}

func recordClasses() *catalog.Set {
	set := classes()
	set.Add(v2.Class("Sleep12", func() serve.Model { return &sleep12{} }))
	set.Add(v2.Class("FirstMulLogged", func() serve.Model { return &firstMulLogged{} }))
	return set
}

type sleep12 struct{ base }

func (m *sleep12) Predict(context.Context, *serve.Request) (any, error) {
	time.Sleep(1200 * time.Millisecond)
	return []int64{1}, nil
}

type firstMulLogged struct{ firstMul }

func (m *firstMulLogged) LogResult(*serve.Request, *serve.Response) (inputs, outputs any) {
	k, _ := serve.Param(m.ctx, "multiplier", 1.0)
	return []any{[]any{int64(1)}}, []any{k}
}

// refusing streams refuse writes.
type refusing struct{ driver.Stream }

func (refusing) Publish(context.Context, []*driver.Message) error {
	return errors.New("the stream refuses writes")
}

func (refusing) Close(context.Context) error { return nil }

func runRecordCase(t *testing.T, c testCase, want recordCase, code *python.Loaded) {
	set, memory, streams := recordClasses(), &mem.Memory{}, &stream.Mux{}
	o := &leat.Options{Catalog: set, MLRun: true, Streams: streams}
	if code != nil {
		o.Catalog, o.Code = pythonSet(), code
	}
	streams.Register("dummy", memory.Open)
	streams.Register("refuse", func(context.Context, driver.Source) (driver.Stream, driver.Traits, error) {
		return refusing{}, driver.Traits{}, nil
	})
	text := strings.Replace(string(c.Spec), "(a stream that refuses writes)", "refuse://x", 1)
	spec, problems := config.ParseSpec("spec.json", []byte(text), config.Options{MLRun: true})
	for _, p := range problems {
		t.Error(p)
	}
	srv, err := leat.New(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	url, stop := startServer(t, srv)
	expects := lists[expect](t, c.Expect)
	for i, r := range lists[request](t, c.Request) {
		check(t, expects[i], ask(t, srv, url, r))
		if n := want.after[i]; n > 0 {
			published(t, memory, n)
		}
	}
	stop()
	checkRecords(t, c.Name, want, published(t, memory, want.last))
}

// published waits until there are so many records, and returns them.
func published(t *testing.T, memory *mem.Memory, n int) (records []map[string]any) {
	t.Helper()
	var ms []*driver.Message
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		var err error
		if ms, err = memory.Published(""); err != nil {
			t.Fatal(err)
		}
		if len(ms) >= n || time.Now().After(deadline) {
			break
		}
	}
	if len(ms) != n {
		t.Fatalf("there are %d records, want %d", len(ms), n)
	}
	for _, m := range ms {
		var r map[string]any
		if err := json.Unmarshal(m.Body, &r); err != nil {
			t.Fatalf("%v: %s", err, m.Body)
		}
		records = append(records, r)
	}
	return records
}

func checkRecords(t *testing.T, name string, want recordCase, got []map[string]any) {
	t.Helper()
	for i, fields := range want.at {
		has(t, got[i], fields)
	}
	for _, fields := range want.any {
		if !slices.ContainsFunc(got, func(r map[string]any) bool { return r["model"] == fields["model"] }) {
			t.Errorf("no record of model %v", fields["model"])
		}
		for _, r := range got {
			if r["model"] == fields["model"] {
				has(t, r, fields)
			}
		}
	}
	for _, r := range got {
		if r["headers"] != nil {
			continue
		}
		keys := slices.Clone(baseKeys)
		if r["error"] != nil {
			keys = append(keys, "error")
		} else {
			keys = append(keys, "resp", "microsec")
		}
		if r["weight"] != nil {
			keys = append(keys, "weight")
		}
		slices.Sort(keys)
		if d := cmp.Diff(keys, slices.Sorted(maps.Keys(r))); d != "" {
			t.Errorf("keys (-want +got):\n%s", d)
		}
		if when, err := time.Parse("2006-01-02 15:04:05.000000-07:00", r["when"].(string)); err != nil || time.Since(when) > time.Hour {
			t.Errorf("when is %v", r["when"])
		}
	}
	switch name {
	case "predict_error_is_400":
		if id, _ := path(got[0], "request.id").(string); id == "" {
			t.Error("the request of a failure has no id")
		}
	case "track_custom_values":
		if id, _ := path(got[0], "request.id").(string); id == "" || len(got[0]["request"].(map[string]any)) != 2 {
			t.Errorf("request %v", got[0]["request"])
		}
	case "better_microsec_over_one_second":
		if took := got[0]["microsec"].(float64); took < 1_200_000 {
			t.Errorf("microsec is %v", took)
		}
	case "track_batch":
		if n, rest := len(got[0]["values"].([]any)), len(got[1]["values"].([]any)); n != 2 || rest != 1 {
			t.Errorf("the batches have %d and %d rows, want 2, and 1 at the end", n, rest)
		}
	}
}

func has(t *testing.T, record, fields map[string]any) {
	t.Helper()
	for key, want := range fields {
		if d := cmp.Diff(want, path(record, key)); d != "" {
			t.Errorf("%s (-want +got):\n%s", key, d)
		}
	}
}

// path is the value at a path of keys; nil if there is none.
func path(v any, keys string) any {
	for _, key := range strings.Split(keys, ".") {
		o, _ := v.(map[string]any)
		v = o[key]
	}
	return v
}

// TestStreamPathCases are those of the stream that records go to by themselves.
func TestStreamPathCases(t *testing.T) {
	ran := 0
	for _, c := range readCases(t) {
		if !strings.HasPrefix(c.Name, "stream_path_") {
			continue
		}
		ran++
		var spec struct {
			Project    string
			StreamPath string `json:"STREAM_PATH"`
		}
		var want struct{ Value string }
		if err := errors.Join(json.Unmarshal(c.Spec, &spec), json.Unmarshal(c.Expect, &want)); err != nil {
			t.Fatal(err)
		}
		got, err := record.MonitoringStream(spec.Project, spec.StreamPath)
		if err != nil || got != want.Value {
			t.Errorf("%s: %s, error %v, want %s", c.Name, got, err, want.Value)
		}
	}
	if ran != 2 {
		t.Errorf("ran %d cases, want 2", ran)
	}
	if _, err := record.MonitoringStream("p", "kafka://broker:8080?topic=mine"); err == nil || err.Error() != "Custom kafka topic is not allowed" {
		t.Errorf("a topic of one's own: error %v", err)
	}
}
