package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"github.com/leat-ml/leat/serve"
)

var _ serve.Recorder = (*Telemetry)(nil)

// series returns the samples of the metric in the text format.
func series(t *testing.T, tel *Telemetry, metric string) []string {
	t.Helper()
	families, err := tel.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		if f.GetName() != metric {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(strings.TrimPrefix(line, metric)))
		}
	}
	slices.Sort(lines)
	return lines
}

func TestRequests(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("fraud", "2")
	serveOne := func(op string, code serve.Code) {
		m.Begin()
		m.End(op, code, time.Millisecond)
	}
	serveOne("infer", serve.OK)
	serveOne("infer", serve.OK)
	serveOne("infer", serve.BadRequest)
	serveOne("explain", serve.BadRequest)
	serveOne("", serve.OK)
	serveOne("made/up", serve.NotOffered) // no client makes a label
	serveOne("rank", serve.OK)            // the model's own
	serveOne("rank", serve.Timeout)
	serveOne("infer", serve.Code(99))
	serveOne("infer", serve.Code(-7))
	tel.Record(serve.Record{Served: &serve.Served{Model: "fraud", Version: "2"}, Op: "infer", Duration: time.Second})
	tel.Record(serve.Record{Served: &serve.Served{Model: "fraud", Version: "2"}, Op: "infer", Err: fmt.Errorf("x: %w", context.Canceled)})
	tel.Record(serve.Record{Served: &serve.Served{Model: "unknown", Version: "2"}, Op: "infer", Err: errors.New("x")})
	m.Begin() // still running
	tel.Model("fraud", "3").Begin()
	tel.Model("idle", "")

	want := []string{
		`{code="bad_request",model="fraud",operation="explain",version="2"} 1`,
		`{code="bad_request",model="fraud",operation="infer",version="2"} 1`,
		`{code="canceled",model="fraud",operation="infer",version="2"} 1`,
		`{code="internal",model="fraud",operation="infer",version="2"} 2`,
		`{code="not_offered",model="fraud",operation="other",version="2"} 1`,
		`{code="ok",model="fraud",operation="infer",version="2"} 3`,
		`{code="ok",model="fraud",operation="infer",version="3"} 0`,
		`{code="ok",model="fraud",operation="metadata",version="2"} 1`,
		`{code="ok",model="fraud",operation="rank",version="2"} 1`,
		`{code="ok",model="idle",operation="infer",version=""} 0`,
		`{code="timeout",model="fraud",operation="rank",version="2"} 1`,
	}
	if d := cmp.Diff(want, series(t, tel, "leat_requests_total")); d != "" {
		t.Error(d)
	}
	want = []string{
		`{code="bad_request",model="fraud",version="2"} 2`,
		`{code="canceled",model="fraud",version="2"} 1`,
		`{code="internal",model="fraud",version="2"} 2`,
		`{code="not_offered",model="fraud",version="2"} 1`,
		`{code="timeout",model="fraud",version="2"} 1`,
	}
	if d := cmp.Diff(want, series(t, tel, "leat_request_errors_total")); d != "" {
		t.Error(d)
	}
	want = []string{`{model="fraud"} 2`, `{model="idle"} 0`}
	if d := cmp.Diff(want, series(t, tel, "leat_requests_in_flight")); d != "" {
		t.Error(d)
	}
}

func TestOperationsAreBounded(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("m", "")
	for i := range 1000 {
		m.Begin()
		m.End(fmt.Sprint("op", i), serve.OK, 0)
	}
	got := series(t, tel, "leat_requests_total")
	if len(got) != maxCustom+2 { // and "infer" and "other"
		t.Errorf("%d series", len(got))
	}
	if want := fmt.Sprintf(`{code="ok",model="m",operation="other",version=""} %d`, 1000-maxCustom); !slices.Contains(got, want) {
		t.Errorf("no %s in %q", want, got)
	}
}

func TestStates(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("m", "1")
	if got := series(t, tel, "leat_model_state"); len(got) != 0 {
		t.Errorf("before there is one: %q", got)
	}
	m.SetState("LOADING")
	m.SetState("READY")
	m.SetLoadTime(1500 * time.Millisecond)
	want := []string{
		`{model="m",state="FAILED",version="1"} 0`,
		`{model="m",state="LOADING",version="1"} 0`,
		`{model="m",state="PENDING",version="1"} 0`,
		`{model="m",state="READY",version="1"} 1`,
	}
	if d := cmp.Diff(want, series(t, tel, "leat_model_state")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{`{model="m",version="1"} 1.5`}, series(t, tel, "leat_model_load_duration_seconds")); d != "" {
		t.Error(d)
	}
	m.SetState("SLEEPING")
	if got := series(t, tel, "leat_model_state"); len(got) != 5 || !slices.Contains(got, `{model="m",state="SLEEPING",version="1"} 1`) {
		t.Errorf("got %q", got)
	}
}

func TestRemove(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("m", "1")
	if tel.Model("m", "1") != m {
		t.Error("a second one for the same model")
	}
	tel.Model("m", "2")
	tel.Remove("m", "1")
	tel.Remove("m", "3") // was never there
	m.Begin()
	m.End("infer", serve.OK, 0)
	want := []string{`{code="ok",model="m",operation="infer",version="2"} 0`}
	if d := cmp.Diff(want, series(t, tel, "leat_requests_total")); d != "" {
		t.Error(d)
	}
}

func TestAnswers(t *testing.T) {
	tel := New(Build{})
	for _, s := range []int{200, 200, 404, 499, -1, 600, math.MaxInt} {
		tel.Answered(s)
	}
	want := []string{`{code="0"} 3`, `{code="200"} 2`, `{code="404"} 1`, `{code="499"} 1`}
	if d := cmp.Diff(want, series(t, tel, "leat_http_requests_total")); d != "" {
		t.Error(d)
	}
}

func TestRegistry(t *testing.T) {
	tel := New(Build{Version: "v1", Commit: "abc"})
	tel.Model("m", "").Begin()
	tel.Model("not \xff UTF-8", "").Begin()
	families, err := tel.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, name := range []string{"leat_build_info", "leat_requests_total", "leat_request_duration_seconds", "go_goroutines", "process_start_time_seconds"} {
		if !names[name] {
			t.Errorf("no %s", name)
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestConcurrency is for the race detector, and has readers see whole numbers.
func TestConcurrency(t *testing.T) {
	tel := New(Build{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			m := tel.Model("m", "")
			for j := range 2000 {
				m.Begin()
				m.End(fmt.Sprint("op", j%20), serve.OK, time.Duration(j)*time.Microsecond)
				if j%100 == 0 {
					m.SetState(fmt.Sprint("S", i))
				}
			}
		})
	}
	for range 50 {
		checkConsistent(t, tel)
	}
	wg.Wait()
	checkConsistent(t, tel)
	if h := latency(t, tel); h.GetSampleCount() != 8000 {
		t.Errorf("%d observations", h.GetSampleCount())
	}
}

func TestSteps(t *testing.T) {
	tel := New(Build{})
	s := tel.Step("clean")
	s.Done(time.Millisecond, nil)
	s.Done(time.Millisecond, nil)
	s.Done(time.Second, serve.Errorf(serve.BadRequest, "", "x"))
	s.Done(time.Second, errors.New("x"))
	s.Done(time.Second, serve.Errorf(serve.Unwritable, "", "x"))
	tel.Step("idle")
	if tel.Step("clean") != s {
		t.Error("a step that is there again starts anew")
	}
	want := []string{
		`{code="bad_request",step="clean"} 1`, `{code="internal",step="clean"} 2`,
		`{code="ok",step="clean"} 2`, `{code="ok",step="idle"} 0`,
	}
	if d := cmp.Diff(want, series(t, tel, "leat_step_events_total")); d != "" {
		t.Error(d)
	}
	var text strings.Builder
	families, err := tel.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		fmt.Fprintln(&text, f)
	}
	if !strings.Contains(text.String(), "leat_step_duration_seconds") {
		t.Error("no durations")
	}
}
