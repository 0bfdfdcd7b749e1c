package step_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// gather sends events side by side, in their order, and returns their outcomes.
func gather(ctx context.Context, r *steptest.Rig, bodies ...string) (wait func() []string) {
	out := make([]string, len(bodies))
	var done sync.WaitGroup
	for i, body := range bodies {
		ev := steptest.Event(body)
		done.Go(func() { out[i] = outcome(r.Send(ctx, ev)) })
		synctest.Wait()
	}
	return func() []string { done.Wait(); return out }
}

func TestBatch(t *testing.T) {
	for _, c := range []struct {
		name, args string
		more       func(*catalog.Args)
		bodies     []string
		at         []string // what goes on, and after how long; "close" is when the step is closed
	}{
		{"full", `{"max_events": 2}`, nil, []string{"1", "2", "3", "4"}, []string{"0s [1,2]", "0s [3,4]"}},
		{"time", `{"flush_after_seconds": 1.5}`, nil, []string{"1", "2"}, []string{"1.5s [1,2]"}},
		{"full or time", `{"max_events": 2, "flush_after_seconds": 3}`, nil, []string{"1", "2", "3"}, []string{"0s [1,2]", "3s [3]"}},
		{"closed", `{"max_events": 2}`, nil, []string{"1", "2", "3"}, []string{"0s [1,2]", "close [3]"}},
		{"by field", `{"max_events": 2, "key_field": "k"}`, nil, []string{`{"k":"a"}`, `{"k":"b"}`, `{"k":"a","n":1}`},
			[]string{`0s [{"k":"a"},{"k":"a","n":1}]`, `close [{"k":"b"}]`}},
		{"without the key", `{"max_events": 2, "key": "k", "drop_key_field": true}`, nil, []string{`{"k":1,"n":1}`, `{"k":1,"n":2}`},
			[]string{`0s [{"n":1},{"n":2}]`}},
		{"by function", `{"max_events": 2, "_key_field": "(event % 2)"}`, nil, []string{`1`, `2`, `3`}, []string{`0s [1,3]`, `close [2]`}},
		{"by attribute", `{"max_events": 2, "key_field": "$path"}`, nil, []string{`1`, `2`}, []string{`0s [1,2]`}},
		{"a part of the body", `{"max_events": 2}`, paths("a", ""), []string{`{"a":1}`, `{"a":2}`}, []string{`0s [1,2]`}},
		{"by two fields", `{"max_events": 2, "key_field": ["k", "l"]}`, nil, []string{`{"k":"a","l":"bc"}`, `{"k":"ab","l":"c"}`, `{"k":"a","l":"bc"}`},
			[]string{`0s [{"k":"a","l":"bc"},{"k":"a","l":"bc"}]`, `close [{"k":"ab","l":"c"}]`}},
		{"too many held", `{"max_events": 3, "max_held": 3, "key_field": "k"}`, nil, []string{`{"k":"a"}`, `{"k":"b"}`, `{"k":"b"}`, `{"k":"b"}`},
			[]string{`0s [{"k":"a"}]`, `0s [{"k":"b"},{"k":"b"},{"k":"b"}]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				more := c.more
				if more == nil {
					more = func(*catalog.Args) {}
				}
				start := time.Now()
				var at []string
				reach := func(_ context.Context, o steptest.Output) {
					when := time.Since(start).String()
					if time.Since(start) >= time.Minute {
						when = "close"
					}
					at = append(at, when+" "+o.Body)
				}
				r := steptest.New(t, mustStep(t, "Batch", c.args, more), steptest.Options{Reach: reach})
				wait := gather(t.Context(), r, c.bodies...)
				time.Sleep(time.Minute)
				r.Close(t.Context())
				for i, out := range wait() {
					if !strings.HasPrefix(out, "[") {
						t.Errorf("event %d: outcome %s, want the batch's", i, out)
					}
				}
				if d := cmp.Diff(c.at, at); d != "" {
					t.Errorf("went on (-want +got):\n%s", d)
				}
			})
		})
	}
}

// TestBatchErrors wants events refused that cannot be grouped, alone.
func TestBatchErrors(t *testing.T) {
	r := steptest.New(t, mustStep(t, "Batch", `{"max_events": 1, "key_field": "k"}`), steptest.Options{})
	long := `{"k": "` + strings.Repeat("k", 1025) + `"}`
	if got := sendAll(t, r, long)[0]; !strings.HasPrefix(got, "error ValueError: k has 1025 bytes, too many to group by") {
		t.Errorf("a long key: %s", got)
	}
	got := sendAll(t, r, `{}`, `1`, `{"k": null}`, `{"k": "a"`, `{"k": "a"}`)
	want := []string{
		"error KeyError: 'k'", "error TypeError: the body must be an object, and is 1",
		"error TypeError: k must be text or a number to group by, and is null",
	}
	if d := cmp.Diff(want, got[:3]); d != "" {
		t.Errorf("outcomes (-want +got):\n%s", d)
	}
	if !strings.HasPrefix(got[3], "error ValueError: failed to json decode event") || got[4] != `[{"k": "a"}]` {
		t.Errorf("outcomes %q", got[3:])
	}
	_, err := newStep(t, "Batch", `{"max_events": 1}`, paths("", "x"))
	if err == nil {
		t.Error("a Batch took a result_path")
	}
}

// TestBatchPressure fills a batch whose followers take nothing: the callers that
// it has no room for wait until their own context ends.
func TestBatchPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		r := steptest.New(t, mustStep(t, "Batch", `{"max_events": 2, "max_held": 4}`), steptest.Options{
			Reach: func(context.Context, steptest.Output) { <-open },
		})
		first := gather(t.Context(), r, "1", "2", "3", "4")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if out := r.Send(ctx, steptest.Event("5")); !errors.Is(out.Err, context.DeadlineExceeded) {
			t.Errorf("the fifth event: %v", outcome(out))
		}
		close(open)
		if d := cmp.Diff([]string{"[1,2]", "[1,2]", "[3,4]", "[3,4]"}, first()); d != "" {
			t.Errorf("outcomes (-want +got):\n%s", d)
		}
		r.Close(t.Context())
		if got := sendAll(t, r, "6")[0]; got != "error RuntimeError: the step is closed" {
			t.Errorf("behind Close: %s", got)
		}
	})
}

// TestBatchDrain wants a batch that nobody else will come to to go on, with what
// still comes behind it.
func TestBatchDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mustStep(t, "Batch", `{"max_events": 5}`)
		r := steptest.New(t, s, steptest.Options{})
		wait := gather(t.Context(), r, "1", "2")
		s.(interface{ Drain() }).Drain()
		if d := cmp.Diff([]string{"[1,2]", "[1,2]"}, wait()); d != "" {
			t.Errorf("outcomes (-want +got):\n%s", d)
		}
		if got := sendAll(t, r, "3")[0]; got != "[3]" {
			t.Errorf("behind Drain: %s", got)
		}
	})
}

// TestBatchCloseGivesUp wants Close to return with its context where a follower
// does not take what is left, and the follower's context to end then.
func TestBatchCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mustStep(t, "Batch", `{"max_events": 5}`)
		var told error
		r := steptest.New(t, s, steptest.Options{Reach: func(ctx context.Context, _ steptest.Output) {
			<-ctx.Done()
			told = ctx.Err()
		}})
		wait := gather(t.Context(), r, "1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.(serve.Closer).Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		wait()
		if told == nil {
			t.Error("the context of the batch never ended")
		}
	})
}

func TestSampleWindow(t *testing.T) {
	for _, c := range []struct {
		name, args string
		bodies     []string
		want       []string
		close      string
	}{
		{"first", `{"window_size": 3}`, []string{"1", "2", "3", "4", "5"}, []string{"1", "4"}, ""},
		{"last", `{"window_size": 2, "emit_period": "last"}`, []string{"1", "2", "3", "4", "5"}, []string{"2", "4"}, ""},
		{"flushed", `{"window_size": 2, "emit_period": "EmitPeriod.LAST", "emit_before_termination": true}`, []string{"1", "2", "3"}, []string{"2"}, "3"},
		{"nothing to flush", `{"window_size": 2, "emit_period": 2, "emit_before_termination": true}`, []string{"1", "2"}, []string{"2"}, ""},
		{"keyed", `{"window_size": 2, "key": "k"}`, []string{`{"k":"a"}`, `{"k":"b"}`, `{"k":"a"}`, `{"k":"a"}`}, []string{`{"k":"a"}`, `{"k":"b"}`, `{"k":"a"}`}, ""},
		{"no key", `{"window_size": 2, "key": "$key"}`, []string{"1", "2", "3"}, []string{"1", "3"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := steptest.New(t, mustStep(t, "SampleWindow", c.args), steptest.Options{})
			sendAll(t, r, c.bodies...)
			if d := cmp.Diff(c.want, r.Bodies()); d != "" {
				t.Errorf("went on (-want +got):\n%s", d)
			}
			r.Close(t.Context())
			r.Close(t.Context())
			if c.close != "" {
				c.want = append(c.want, c.close)
			}
			if d := cmp.Diff(c.want, r.Bodies()); d != "" {
				t.Errorf("went on with Close (-want +got):\n%s", d)
			}
		})
	}
}

// TestConcurrent wants events to be worked on side by side and to go on in the
// order in which they came, however long each takes.
func TestConcurrent(t *testing.T) {
	slow := func(ctx context.Context, x any) (any, error) { // the number is how many seconds it takes
		n, _ := serve.Number64(x)
		select {
		case <-time.After(time.Duration(n * 1e9)):
			return x, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for args, want := range map[string]string{
		`{}`:                   "[5 1 3] after 5s",
		`{"ordered": false}`:   "[1 3 5] after 5s",
		`{"max_in_flight": 1}`: "[5 1 3] after 9s",
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			r := steptest.New(t, mustStep(t, "ConcurrentExecution", args, withFunc("event_processor", slow)), steptest.Options{})
			wait := gather(t.Context(), r, "5", "1", "3")
			wait()
			if got := fmt.Sprintf("%v after %v", r.Bodies(), time.Since(start)); got != want {
				t.Errorf("%s: %s, want %s", args, got, want)
			}
		})
	}
}

func TestConcurrentRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		failing := func(_ context.Context, x any) (any, error) {
			at = append(at, time.Since(start))
			switch {
			case x == "panic":
				panic("no")
			case len(at) <= 3:
				return nil, errBroken
			}
			return "done", nil
		}
		r := steptest.New(t, mustStep(t, "ConcurrentExecution", `{"retries": 3, "backoff_factor": 0.5}`, withFunc("event_processor", failing)), steptest.Options{})
		if got := sendAll(t, r, `"x"`)[0]; got != `"done"` {
			t.Errorf("outcome %s", got)
		}
		if d := cmp.Diff([]time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond}, at); d != "" {
			t.Errorf("attempts (-want +got):\n%s", d)
		}
		if got := sendAll(t, r, `"panic"`)[0]; got != "error Exception: the function panicked; the log has the details" {
			t.Errorf("outcome of a panic %s", got)
		}
		at = nil
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if out := r.Send(ctx, steptest.Event(`"x"`)); out.Err == nil {
			t.Errorf("outcome %s", outcome(out))
		}
		synctest.Wait()
		if len(at) != 3 {
			t.Errorf("%d attempts before the deadline, want 3", len(at))
		}
		r.Close(t.Context())
	})
}

// TestClosed wants events refused that come behind Close.
func TestClosed(t *testing.T) {
	for class, args := range map[string]string{
		"ConcurrentExecution": `{"_event_processor": "(event)"}`, "CSVTarget": `{"path": "nosuch/x.csv"}`,
		"ParquetTarget": `{"path": "nosuch/x.pq"}`,
	} {
		s := mustStep(t, class, args)
		if err := s.(serve.Closer).Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := s.Do(t.Context(), steptest.Event(`{"a": 1}`))
		if serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("%s: %v", class, err)
		}
	}
	r := steptest.New(t, mustStep(t, "Complete", ``), steptest.Options{})
	r.Close(t.Context())
	if got := sendAll(t, r, "1")[0]; got != "1" || len(r.Outputs()) > 0 {
		t.Errorf("Complete behind Close: %s, and %v went on", got, r.Outputs())
	}
}

// TestCompleteGoesOn wants the answer before what follows it is done.
func TestCompleteGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		r := steptest.New(t, mustStep(t, "Complete", ``), steptest.Options{Reach: func(context.Context, steptest.Output) { <-open }})
		if got := sendAll(t, r, "1")[0]; got != "1" {
			t.Errorf("outcome %s", got)
		}
		close(open)
		r.Close(t.Context())
		if d := cmp.Diff([]string{"1"}, r.Bodies()); d != "" {
			t.Errorf("went on (-want +got):\n%s", d)
		}
	})
}
