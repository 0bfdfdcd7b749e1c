package v2_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// returns is a step that leaves the JSON text.
func returns(text string) func(context.Context, *serve.Event) (serve.Fate, error) {
	return func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
		ev.Body = serve.RawBody([]byte(text))
		return serve.Pass, nil
	}
}

func TestParallelMerges(t *testing.T) {
	drop := func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil }
	goMap := func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
		ev.Body = serve.ValueBody(map[string]any{"z": 1})
		return serve.Finish, nil
	}
	for _, tt := range []struct {
		name          string
		extend        bool
		body          string
		routes        []route
		want          string
		mlrun, method string
	}{
		{"disjoint", false, `{"x":1}`, []route{{"a", returns(`{"a":1,"b":[2]}`)}, {"b", returns(`{"c":{"d":3}}`)}}, `{"a":1,"b":[2],"c":{"d":3}}`, "", ""},
		{"the last one wins", false, `{"x":1}`, []route{{"a", returns(`{"k":1,"a":1}`)}, {"b", returns(`{"b":2,"k":2}`)}}, `{"k":2,"a":1,"b":2}`, "", ""},
		{"extends", true, `{"x":1,"k":0}`, []route{{"a", returns(`{"k":1}`)}}, `{"x":1,"k":1}`, "", ""},
		{"extends nothing", true, ``, []route{{"a", returns(`{"k":1}`)}}, `{"k":1}`, "", ""},
		{"filtered and null", true, `{"x":1}`, []route{{"a", drop}, {"b", returns(`null`)}, {"c", returns("")}}, `{"x":1}`, "", ""},
		{"a Go map", false, `{}`, []route{{"a", goMap}}, `{"z":1}`, "", ""},
		{"a list as body", false, `[1]`, []route{{"a", returns(`{"k":1}`)}}, `{"k":1}`, "error: router ParallelRun: Unrecognized request format, caused by: the body is not a JSON object", ""},
		{"extends a list", true, `[1]`, []route{{"a", returns(`{"k":1}`)}}, `error: router ParallelRun: Unrecognized request format, caused by: the body is not a JSON object`, "", ""},
		{"extends what is no JSON", true, `{`, []route{{"a", returns(`{"k":1}`)}}, `error: router ParallelRun: Unrecognized request format`, "", ""},
		{"returns a list", false, `{}`, []route{{"a", returns(`[1]`)}}, `error: router ParallelRun: route a: the result is not an object, and cannot be merged`, "skip", ""},
		{"returns no JSON", false, `{}`, []route{{"a", returns(`{`)}}, `error: router ParallelRun: route a: read the result: `, "skip", ""},
		{"about itself", false, ``, []route{{"a", returns(`{}`)}}, `{"name":"ParallelRun","version":"v2","extensions":[]}`, "", "GET"},
	} {
		for _, executor := range []string{"", "thread", "process", "array"} {
			for _, mlrun := range []bool{false, true} {
				want, method := tt.want, "POST"
				if mlrun && tt.mlrun != "" {
					want = tt.mlrun
				}
				if tt.method != "" {
					method = tt.method
				}
				if want == "skip" {
					continue
				}
				g := several(t, "ParallelRun", map[string]any{"extend_event": tt.extend, "executor_type": executor}, &catalog.Env{MLRun: mlrun}, tt.routes...)
				if got := tell(t, g, method, "/", tt.body); got != want && (!strings.HasPrefix(want, "error: ") || !strings.HasPrefix(got, want)) {
					t.Errorf("%s, %q, mlrun %v:\n got %s\nwant %s", tt.name, executor, mlrun, got, want)
				}
			}
		}
	}
}

// TestParallelOrder: whoever ends first, results are merged in the order of the
// routes.
func TestParallelOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := func(d time.Duration, text string) func(context.Context, *serve.Event) (serve.Fate, error) {
			return func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
				time.Sleep(d)
				ev.Body = serve.RawBody([]byte(text))
				return serve.Pass, nil
			}
		}
		g := several(t, "ParallelRun", map[string]any{"executor_type": "thread"}, nil,
			route{"a", after(3*time.Second, `{"k":"a"}`)}, route{"b", after(2*time.Second, `{"k":"b"}`)}, route{"c", after(time.Second, `{"k":"c"}`)})
		start := time.Now()
		if got := tell(t, g, "POST", "", "{}"); got != `{"k":"c"}` || time.Since(start) != 3*time.Second {
			t.Errorf("%s after %v", got, time.Since(start))
		}
	})
}

func TestParallelFails(t *testing.T) {
	broken := func(context.Context, *serve.Event) (serve.Fate, error) {
		return serve.Pass, serve.Errorf(serve.Unavailable, "KeyError", "gone")
	}
	for _, executor := range []string{"thread", "array"} {
		g := several(t, "ParallelRun", map[string]any{"executor_type": executor}, nil, route{"a", returns(`{}`)}, route{"b", broken})
		_, err := send(t, g, "POST", "/", "{}")
		if err == nil || err.Error() != "router ParallelRun: route b: gone" || serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("error %v", err)
		}
		g = several(t, "ParallelRun", map[string]any{"executor_type": executor}, &catalog.Env{MLRun: true}, route{"a", returns(`{}`)}, route{"b", broken})
		if _, err = send(t, g, "POST", "/", "{}"); err == nil || serve.Classic(err) != "RuntimeError: route b failed, caused by: KeyError: gone" {
			t.Errorf("error %v", err)
		}
	}
	// Paths are looked at in MLRun's contract, where they are those of models.
	g := several(t, "ParallelRun", nil, &catalog.Env{MLRun: true}, route{"a", returns(`{"a":1}`)})
	if got := tell(t, g, "POST", "/elsewhere", "{}"); got != "error: router ParallelRun: illegal path prefix /elsewhere, must start with /v2/models" {
		t.Error(got)
	}
	if got := tell(t, g, "POST", "/v2/models/x/y", "{}"); got != `{"a":1}` {
		t.Error(got)
	}
	for _, tt := range []struct {
		args   map[string]any
		routes []route
		want   string
	}{
		{nil, nil, "the router has no routes"},
		{map[string]any{"extend_event": 1}, []route{{"a", returns("")}}, "extend_event is 1, which is neither true nor false"},
		{map[string]any{"executor_type": "fork"}, []route{{"a", returns("")}}, `executor_type is "fork"`},
		{map[string]any{"executor_type": 1}, []route{{"a", returns("")}}, `executor_type is 1, not a string`},
		{map[string]any{"protocol": 1}, []route{{"a", returns("")}}, `protocol is 1, not a string`},
		{map[string]any{"extend": true}, []route{{"a", returns("")}}, `unknown argument "extend"`},
	} {
		if _, problems := build("ParallelRun", tt.args, nil, tt.routes...); len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
			t.Errorf("%v: problems %v, want %s", tt.args, problems, tt.want)
		}
	}
}

// TestParallelRoutesAreApart: no route sees what another does to its event.
func TestParallelRoutesAreApart(t *testing.T) {
	for _, executor := range []string{"thread", "array"} {
		step := func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
			doc, err := oip.Value(ev.Body)
			if err != nil {
				return serve.Pass, err
			}
			x, _ := doc.(*serve.Object).Value("x")
			if x != int64(8) || ev.Target.Operation != "" || ev.Reply != nil {
				return serve.Pass, errors.New("it has been changed")
			}
			ev.Target.Operation, ev.Reply = "mine", &serve.Reply{Status: 418}
			ev.Body = serve.ValueBody(doc.(*serve.Object).With("x", int64(9)))
			return serve.Pass, nil
		}
		g := several(t, "ParallelRun", map[string]any{"executor_type": executor, "extend_event": true}, nil,
			route{"a", step}, route{"b", step}, route{"c", step})
		if got := tell(t, g, "POST", "/", `{"x":8}`); got != `{"x":9}` {
			t.Error(got)
		}
	}
}

// TestParallelOfModels: the answers of models are objects too.
func TestParallelOfModels(t *testing.T) {
	g := several(t, "ParallelRun", nil, nil, route{"a", number(1.5)}, route{"b", returns(`{"more":true}`)})
	if got := tell(t, g, "POST", "/", `{"id":"i","inputs":[1]}`); got != `{"id":"i","model_name":"a","outputs":[1.5],"more":true}` {
		t.Error(got)
	}
}
