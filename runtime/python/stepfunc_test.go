package python

import (
	"context"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// TestFunctionEndsTheGraph has a function that is a step end an event, and says
// that it waits.
func TestFunctionEndsTheGraph(t *testing.T) {
	g, set := join(t, load(t, testCode(t)))
	s, err := set.Step("last_word", catalog.Args{Name: "s", FullEvent: true})
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := s.(serve.Waiter); !ok || !w.Waits() {
		t.Errorf("%T does not wait", s)
	}
	if other, err := set.Step("Echo", catalog.Args{}); other != nil || err != nil {
		t.Errorf("a class is a function: %v, %v", other, err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	for _, tt := range []struct {
		body, want string
		fate       serve.Fate
	}{{"2", "2", serve.Pass}, {"3", `["no further",3]`, serve.Finish}} {
		ev := serve.NewEvent(serve.Target{}, []byte(tt.body))
		fate, err := s.Do(t.Context(), ev)
		if err != nil || fate != tt.fate || bodyText(t, ev.Body) != tt.want {
			t.Errorf("%s: %s, fate %v, error %v", tt.body, bodyText(t, ev.Body), fate, err)
		}
	}
}
