package step_test

import (
	"testing"

	"github.com/leat-ml/leat/catalog"
)

// TestHandlerOfClass: a handler beside a class is its function, where the arguments
// name none, or one of its methods, and nothing else.
func TestHandlerOfClass(t *testing.T) {
	for _, c := range []struct{ class, args, handler, want string }{
		{"Map", `{}`, "(event)", ""},
		{"Map", `{"_fn": "(event)"}`, "do", ""},
		{"Map", `{"_fn": "(event)"}`, "", ""},
		{"Map", `{"_fn": "(event)"}`, "nosuch", "handler (nosuch) specified but doesnt exist in class Map"},
		{"Batch", `{"max_events": 2}`, "nosuch", "handler (nosuch) specified but doesnt exist in class Batch"},
	} {
		_, err := newStep(t, c.class, c.args, func(a *catalog.Args) { a.Handler = c.handler })
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s with handler %q: %s, want %s", c.class, c.args, c.handler, got, c.want)
		}
	}
}
