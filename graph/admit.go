package graph

import (
	"strings"
	"unicode/utf8"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// admit gives the body of an event the form that steps expect. As in MLRun, a
// body is JSON if its content type says so, or if it has none and reads as JSON;
// any other body is text, or bytes where it is not. JSON is decoded by the first
// step that looks, and wrong JSON found then.
func (g *Graph) admit(ev *serve.Event) {
	raw, ok := ev.Body.Raw()
	if !ok || len(raw) == 0 {
		return
	}
	switch contentType(ev, g.contentType) {
	case isJSON:
		return
	case notSaid:
		if c := raw[0]; c == '{' || c == '[' {
			return
		}
		if _, err := oip.Value(ev.Body); err == nil {
			return
		}
	}
	if utf8.Valid(raw) {
		ev.Body = serve.ValueBody(string(raw))
		return
	}
	ev.Body = serve.ValueBody(raw)
}

type contentKind uint8

const (
	notSaid contentKind = iota
	isJSON
	isOther
)

// contentType tells the kind of a body from its type, or from the default for
// events that have none. What curl sends with -d by itself counts as none.
func contentType(ev *serve.Event, otherwise string) contentKind {
	t := otherwise
	if h := ev.Header["Content-Type"]; len(h) > 0 && h[0] != "" && h[0] != "application/x-www-form-urlencoded" {
		t = h[0]
	}
	t, _, _ = strings.Cut(t, ";")
	switch t = strings.TrimSpace(t); {
	case t == "":
		return notSaid
	case t == "json", strings.EqualFold(t, "application/json"), strings.HasSuffix(t, "+json"):
		return isJSON
	}
	return isOther
}
