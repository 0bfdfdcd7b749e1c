package remote

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Fields by which MLRun's servers know an event. They are spelled as there,
// since its servers look for them so.
const (
	eventID   = "MLRUN-EVENT-ID"
	eventPath = "MLRUN-EVENT-PATH"
)

// method is how an event is sent.
func (b *base) method(ev *serve.Event) string {
	switch {
	case b.Method != "":
		return b.Method
	case ev.Target.Method != "":
		return ev.Target.Method
	}
	return http.MethodPost
}

// fixedHeader is what every request has: fields of the spec, and who asks.
func fixedHeader(fields map[string]string) http.Header {
	h := http.Header{"User-Agent": {"leat"}}
	for name, value := range fields {
		h.Set(name, value)
	}
	return h
}

// header is a fresh header with the fields of the spec and the trace of the
// event. Nothing else that came with the event goes out.
func (b *base) header(ctx context.Context, ev *serve.Event) http.Header {
	h := make(http.Header, len(b.fixed)+6)
	for name, values := range b.fixed {
		h[name] = values
	}
	if b.env.Inject != nil {
		b.env.Inject(ctx, h)
		return h
	}
	if parent := ev.Header.Value("Traceparent"); fieldValue(parent) && parent != "" {
		h.Set("Traceparent", parent)
		if state := ev.Header.Value("Tracestate"); state != "" && fieldValue(state) {
			h.Set("Tracestate", state)
		}
	}
	return h
}

// name adds the fields that name the event.
func (b *base) name(h http.Header, ev *serve.Event) {
	h[eventID] = []string{carried(ev.Identify())}
	if b.urlOf == nil && strings.Trim(ev.Target.Path, "/") != "" {
		h[eventPath] = []string{carried(ev.Target.Path)}
	}
}

// carried is s, or s escaped where HTTP cannot carry it in a field.
func carried(s string) string {
	if fieldValue(s) {
		return s
	}
	u := url.URL{Path: s}
	return u.EscapedPath()
}

// target is where an event, or an item of one, is sent: v is its value.
func (b *base) target(ctx context.Context, ev *serve.Event, v any) (*url.URL, error) {
	if b.url != nil {
		return b.url, nil
	}
	text := b.endpoint
	switch {
	case b.urlOf != nil:
		got, err := b.urlOf(ctx, v, b.endpoint, b.env)
		if err != nil {
			return nil, err
		}
		s, ok := got.(string)
		if !ok {
			return nil, serve.Errorf(serve.BadRequest, "TypeError", "url_expression gives no text but %s", describe(got))
		}
		text = s
	case b.Subpath == "$path":
		text += "/" + below(ev.Target.Path)
	case b.Subpath != "":
		text += "/" + strings.TrimLeft(b.Subpath, "/")
	}
	u, err := parseURL(text)
	if err != nil {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "the URL of %s %s %w", b.client.class, b.client.name, err)
	}
	if err := b.client.hosts.check(u); err != nil {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "%s %s: %w", b.client.class, b.client.name, err)
	}
	return u, nil
}

// payload is what is sent for a value, and of which type: text as it is,
// anything else as JSON.
func (b *base) payload(ctx context.Context, method string, v any) (body []byte, contentType string, err error) {
	if method == http.MethodGet || v == nil {
		return nil, "", nil
	}
	switch v := v.(type) {
	case string:
		return []byte(v), "text/plain; charset=utf-8", nil
	case []byte:
		return v, "application/octet-stream", nil
	}
	if b.bodyOf != nil {
		if v, err = b.bodyOf(ctx, v, b.endpoint, b.env); err != nil {
			return nil, "", err
		}
	}
	body, err = oip.AppendValue(nil, v)
	if err != nil {
		err = serve.Errorf(serve.Unwritable, "TypeError", "write the request: %w", err)
	}
	return body, "application/json", err
}

// typed sets the type of the body unless the spec does.
func typed(h http.Header, contentType string) {
	if contentType == "application/json" || contentType != "" && h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType)
	}
}

// value is what a body holds: a document, or text where it is none.
func value(ev *serve.Event) (any, error) {
	v, err := oip.Value(ev.Body)
	if err == nil {
		return v, nil
	}
	raw, ok := ev.Body.Raw()
	if !ok || isJSON(ev.Header.Value("Content-Type")) {
		return nil, serve.Errorf(oip.Unreadable(err), "ValueError", "failed to json decode event, %w", err)
	}
	return string(raw), nil
}

// isJSON says whether a media type is exactly that of JSON, as MLRun asks.
func isJSON(contentType string) bool {
	return strings.EqualFold(strings.TrimSpace(contentType), "application/json")
}

// asJSON says whether an answer is JSON if it reads as such.
func (b *base) asJSON(a *answer) bool {
	return b.ReturnJSON == nil || *b.ReturnJSON || isJSON(a.header.Get("Content-Type"))
}

// result is an answer as a body has it.
func (b *base) result(a *answer) (any, error) {
	must := b.ReturnJSON != nil && *b.ReturnJSON || b.ReturnJSON == nil && b.mlrun || isJSON(a.header.Get("Content-Type"))
	if !b.asJSON(a) {
		return string(a.body), nil
	}
	if len(a.body) == 0 && !b.mlrun {
		return nil, nil
	}
	v, err := oip.ParseValue(a.body)
	if err == nil {
		return v, nil
	}
	if must {
		return nil, serve.Errorf(serve.Internal, "JSONDecodeError", "%s %s got an answer that is no JSON: %w", b.client.class, b.client.name, err)
	}
	return string(a.body), nil
}

// acquire waits until another call may be made.
func (b *base) acquire(ctx context.Context) error {
	select {
	case b.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return serve.Errorf(serve.Timeout, "TimeoutError", "%s %s timed out: %d calls were under way all the time (max_in_flight)",
			b.client.class, b.client.name, cap(b.slots))
	}
	return canceled(ctx.Err()).err
}

func (b *base) free() { <-b.slots }
