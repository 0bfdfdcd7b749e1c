package python

import (
	"context"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// stepsOf makes steps of the classes, starts them, and closes them at the end.
func stepsOf(t *testing.T, classes ...catalog.Args) ([]serve.Step, *catalog.Set) {
	t.Helper()
	g, set := join(t, load(t, testCode(t), "json.dumps"))
	steps := make([]serve.Step, len(classes))
	for i, a := range classes {
		var err error
		if steps[i], err = set.Lookup(a.Class).New(a); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"double", "positive", "numbers", "json.dumps", "teapot"} {
		if _, err := set.Func(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return steps, set
}

func bodyText(t *testing.T, b serve.Body) string {
	t.Helper()
	text, err := oip.AppendBody(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSharedContext has two steps count on the context that they share.
func TestSharedContext(t *testing.T) {
	steps, _ := stepsOf(t, catalog.Args{Name: "a", Class: "Counter"}, catalog.Args{Name: "b", Class: "Counter", Written: map[string]any{"by": 10}})
	for i, want := range []string{"1", "11", "12", "22"} {
		ev := serve.NewEvent(serve.Target{}, []byte("{}"))
		if fate, err := steps[i%2].Do(t.Context(), ev); err != nil || fate != serve.Pass {
			t.Fatalf("fate %v, error %v", fate, err)
		}
		if got := bodyText(t, ev.Body); got != want {
			t.Errorf("count %s, want %s", got, want)
		}
	}
}

func TestWholeEvents(t *testing.T) {
	steps, _ := stepsOf(t, catalog.Args{Name: "a", Class: "Whole"}, catalog.Args{Name: "b", Class: "Replies"})
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/a/b"}, []byte("{}"))
	ev.ID, ev.Key = "e1", "k1"
	if _, err := steps[0].Do(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if got, want := bodyText(t, ev.Body), `{"path":"/a/b","key":"k1","id":"e1","method":"POST"}`; got != want || ev.Target.Path != "/changed" {
		t.Errorf("body %s at %s, want %s", got, ev.Target.Path, want)
	}
	if _, err := steps[1].Do(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if r := ev.Reply; r == nil || r.Status != 201 || r.ContentType != "text/x-made" || r.Header.Value("x-a") != "b" {
		t.Errorf("reply %+v", ev.Reply)
	}
	if v, _ := ev.Body.Value(); v != "made" {
		t.Errorf("body %v", v)
	}
}

// TestModelWithItsOwnEvents has a model that handles events itself: it is a step.
func TestModelWithItsOwnEvents(t *testing.T) {
	steps, _ := stepsOf(t, catalog.Args{Name: "m", Class: "OwnEvents"})
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/m/infer", Model: "m", Operation: "infer"}, []byte("{}"))
	if _, err := steps[0].Do(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if got, want := bodyText(t, ev.Body), `{"path":"infer","loaded":true}`; got != want {
		t.Errorf("body %s, want %s", got, want)
	}
}

// TestFunctionThatResponds has a function choose the status.
func TestFunctionThatResponds(t *testing.T) {
	_, set := stepsOf(t)
	f, err := set.Func("teapot")
	if err != nil {
		t.Fatal(err)
	}
	v, err := f(t.Context(), int64(1))
	if err != nil {
		t.Fatal(err)
	}
	if ev, ok := v.(*serve.Event); !ok || ev.Reply == nil || ev.Reply.Status != 418 || bodyText(t, ev.Body) != `"short and stout"` {
		t.Errorf("answer %+v", v)
	}
}

func TestFunctions(t *testing.T) {
	_, set := stepsOf(t)
	for _, tt := range []struct {
		name string
		x    any
		want string
	}{
		{"double", int64(21), "42"}, {"double", "ab", `"abab"`}, {"positive", -1.5, "false"},
		{"numbers", int64(3), "[0,1,2]"}, {"json.dumps", serve.NewObject(serve.Field{Key: "a", Value: nil}), `"{\"a\": null}"`},
	} {
		f, err := set.Func(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := f(t.Context(), tt.x)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := bodyText(t, serve.ValueBody(v)); got != tt.want {
			t.Errorf("%s(%v) is %s, want %s", tt.name, tt.x, got, tt.want)
		}
	}
}

func TestWrongNamesAndArguments(t *testing.T) {
	_, set := join(t, load(t, testCode(t)))
	if set.Lookup("Ecko") != nil {
		t.Error("a class that is not there")
	}
	_, err := set.Func("dubble")
	wantError(t, err, serve.Internal, `unknown function "dubble" (did you mean double?)`)
	for _, tt := range []struct {
		class, handler string
		args           map[string]any
		want           string
	}{
		{"Counter", "", map[string]any{"bye": 1}, "takes no argument bye (did you mean by?)"},
		{"Counter", "doo", nil, `has no method "doo" (did you mean do?)`},
		{"Counter", "", map[string]any{"_by": "(event + 1)"}, `a class in Python takes a function in Python`},
	} {
		_, err := set.Lookup(tt.class).New(catalog.Args{Name: "s", Class: tt.class, Handler: tt.handler, Written: tt.args})
		wantError(t, err, serve.Internal, tt.want)
	}
}
