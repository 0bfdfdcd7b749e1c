package rest

import (
	"net/http"

	"github.com/leat-ml/leat/serve"
)

// maxRequestID is the longest X-Request-Id that becomes an event's ID.
const maxRequestID = 128

// event makes the event of the request with the body raw, which it takes over.
func (c *call) event(raw []byte) *serve.Event {
	r := c.r
	method := r.Method
	if method == http.MethodHead { // answered as GET is; net/http leaves out the body
		method = http.MethodGet
	}
	ev := serve.NewEvent(serve.Target{Method: method, Path: c.path()}, raw)
	ev.Header = serve.Header(r.Header)
	ev.ID = c.eventID()
	if l := c.h.opts.Access; l != nil && l.opts.Mode == AccessAll {
		ev.Identify() // now: later the event may be somebody else's
	}
	return ev
}

func (c *call) path() string {
	path := first(c.r.Header, "Mlrun-Event-Path")
	switch {
	case path != "":
	case c.h.opts.MLRun:
		path = c.r.URL.Path
	default:
		path = c.r.URL.EscapedPath()
	}
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	return path
}

func (c *call) eventID() string {
	if id := first(c.r.Header, "Mlrun-Event-Id"); id != "" {
		return id
	}
	if c.id != nil {
		return c.id[0]
	}
	return ""
}

// requestIDHead is the field by which gateways follow a request.
const requestIDHead = "X-Request-Id"

// requestID is the id that a client, or a gateway, has given its request; nil where it
// has not, or where it is none: too long, or not printable.
func requestID(h http.Header) []string {
	if v := h[requestIDHead]; len(v) > 0 && v[0] != "" && len(v[0]) <= maxRequestID && printable(v[0]) {
		return v[:1:1]
	}
	return nil
}

// echo sends the request's id back, whatever the answer is: who forwards it finds the
// one by the other. MLRun does not.
func (c *call) echo(head http.Header) {
	if c.id != nil && !c.h.opts.MLRun {
		head[requestIDHead] = c.id
	}
}

// first is h.Get for a name that is written canonically.
func first(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// printable says whether s is printable ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
