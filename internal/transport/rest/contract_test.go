package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// answer is what a test compares of a response.
type answer struct {
	Status int
	Type   string
	Body   string
	Header map[string]string // those that the test names
}

func got(t *testing.T, resp *http.Response, want answer) answer {
	t.Helper()
	a := answer{Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Body: text(t, resp)}
	for name := range want.Header {
		if a.Header == nil {
			a.Header = map[string]string{}
		}
		a.Header[name] = resp.Header.Get(name)
	}
	return a
}

func panicking(p any) serve.Handler {
	return handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) { panic(p) })
}

// TestUntouchedBody answers with what came, as what it came.
func TestUntouchedBody(t *testing.T) {
	same := handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) { return ev, nil })
	again := handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		raw, _ := ev.Body.Raw()
		ev.Body = serve.RawBody(raw) // the program's own bytes
		return ev, nil
	})
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, contentType, body string
		handler                 serve.Handler
		json                    bool
	}{
		{"JSON that says so", "application/json; charset=utf-8", `{"a":1}`, same, true},
		{"JSON that says so and is none", "application/json", `{"a`, same, true},
		{"object", "", `{"a":1}`, same, true},
		{"from curl", form, ` [1]`, same, true},
		{"number", "", `5`, same, true},
		{"string", "", ` "a"`, same, false},
		{"text", "", `hello`, same, false},
		{"begins like JSON", "", `{"a":1} more`, same, false},
		{"text that looks like JSON", "text/plain", `{"a":1}`, same, false},
		{"bytes of the program", "", `{"a":1}`, again, false},
	} {
		for _, mlrun := range []bool{false, true} {
			srv := httptest.NewServer(New(tt.handler, Options{MLRun: mlrun}))
			resp, err := http.Post(srv.URL+"/x", tt.contentType, strings.NewReader(tt.body)) //nolint:noctx // the server's end is the test's
			if err != nil {
				t.Fatal(err)
			}
			isJSON := resp.Header.Get("Content-Type") == "application/json"
			if got := text(t, resp); got != tt.body || isJSON != tt.json {
				t.Errorf("%s, MLRun's contract %t: %s as %s", tt.name, mlrun, got, resp.Header.Get("Content-Type"))
			}
			srv.Close()
		}
	}
}

func TestAnswers(t *testing.T) {
	const js, plain = "application/json", "text/plain; charset=utf-8"
	value := func(v any) serve.Handler { return answering(serve.ValueBody(v), nil) }
	coded := func(c serve.Code) serve.Handler { return failing(serve.Errorf(c, "", "why")) }
	why := `{"error":"why"}`
	tests := []struct {
		name    string
		handler serve.Handler
		want    answer // by default
		mlrun   answer
	}{
		{"object", value(serve.NewObject(serve.Field{Key: "a", Value: int64(1)})), answer{200, js, `{"a":1}`, nil}, answer{200, js, `{"a":1}`, nil}},
		{"number", value(int64(0)), answer{200, js, `0`, nil}, answer{200, js, `0`, nil}},
		{"false", value(false), answer{200, js, `false`, nil}, answer{200, js, `false`, nil}},
		{"nothing", value(nil), answer{200, js, `null`, nil}, answer{200, js, `null`, nil}},
		{"empty list", value([]any{}), answer{200, js, `[]`, nil}, answer{200, js, `[]`, nil}},
		{"string", value("Model m is ready"), answer{200, plain, "Model m is ready", nil}, answer{200, "text/plain", "Model m is ready", nil}},
		{"bytes", value([]byte("\x00\xff")), answer{200, plain, "\x00\xff", nil}, answer{200, "text/plain", "\x00\xff", nil}},
		{"raw", answering(serve.RawBody([]byte("x")), nil), answer{200, plain, "x", nil}, answer{200, "text/plain", "x", nil}},
		{"no body", answering(serve.Body{}, nil), answer{200, plain, "", nil}, answer{200, js, "null", nil}},
		{"filtered", filtering(), answer{204, "", "", nil}, answer{200, js, "null", nil}},
		{
			"reply", answering(serve.ValueBody("<p>"), &serve.Reply{Status: 201, ContentType: "text/html", Header: serve.Header{"x-a": {"1"}, "Content-Length": {"7"}, "Content-Type": {"a/b"}}}),
			answer{201, "text/html", "<p>", map[string]string{"X-A": "1", "Content-Length": ""}}, answer{201, "text/html", "<p>", map[string]string{"X-A": "1"}},
		},
		{"reply without content", answering(serve.ValueBody("x"), &serve.Reply{Status: 304}), answer{304, "", "", nil}, answer{304, "", "", nil}},
		{"status out of range", answering(serve.ValueBody(""), &serve.Reply{Status: 42}), answer{500, js, `{"error":"encode the answer: the status 42 is not one to answer with"}`, nil}, answer{500, "text/plain", "Exception: encode the answer: the status 42 is not one to answer with", nil}},
		{"not encodable", value(func() {}), answer{500, js, "", nil}, answer{500, "text/plain", "", nil}},

		{"internal", failing(errors.New(`"bad" <x>`)), answer{500, js, `{"error":"\"bad\" <x>"}`, nil}, answer{400, "text/plain", `Exception: "bad" <x>`, nil}},
		{"not UTF-8", failing(errors.New("a\xffb\nc")), answer{500, js, `{"error":"a` + "\ufffd" + `b\nc"}`, nil}, answer{400, "text/plain", "Exception: a\xffb\nc", nil}},
		{"bad request", coded(serve.BadRequest), answer{400, js, why, nil}, answer{400, "text/plain", "ValueError: why", nil}},
		{"class and place", failing(serve.In("model m", serve.Errorf(serve.BadRequest, "TypeError", "why"))), answer{400, js, `{"error":"model m: why"}`, nil}, answer{400, "text/plain", "TypeError: why", nil}},
		{"unauthenticated", coded(serve.Unauthenticated), answer{401, js, why, nil}, answer{400, "text/plain", "RuntimeError: why", nil}},
		{"forbidden", coded(serve.Forbidden), answer{403, js, why, nil}, answer{400, "text/plain", "RuntimeError: why", nil}},
		{"not found", coded(serve.NotFound), answer{404, js, why, nil}, answer{400, "text/plain", "ValueError: why", nil}},
		{"wrong method", failing(serve.In("router", &serve.Error{Code: serve.WrongMethod, Allow: "POST", Err: errors.New("why")})), answer{405, js, `{"error":"router: why"}`, map[string]string{"Allow": "POST"}}, answer{400, "text/plain", "ValueError: why", map[string]string{"Allow": ""}}},
		{"wrong method, none right", coded(serve.WrongMethod), answer{405, js, why, map[string]string{"Allow": ""}}, answer{400, "text/plain", "ValueError: why", nil}},
		{"not yet", failing(serve.Errorf(serve.NotYet, "", "model not ready: loading")), answer{408, js, `{"error":"model not ready: loading"}`, nil}, answer{408, "text/plain", "model not ready", nil}},
		{"too large", coded(serve.TooLarge), answer{413, js, why, nil}, answer{400, "text/plain", "RuntimeError: why", nil}},
		{"unsupported", coded(serve.Unsupported), answer{415, js, why, map[string]string{"Accept-Encoding": ""}}, answer{400, "text/plain", "RuntimeError: why", nil}},
		{"limited", coded(serve.Limited), answer{429, js, why, map[string]string{"Retry-After": "1"}}, answer{400, "text/plain", "RuntimeError: why", nil}},
		{"not offered", coded(serve.NotOffered), answer{501, js, why, nil}, answer{400, "text/plain", "ValueError: why", nil}},
		{"unavailable", coded(serve.Unavailable), answer{503, js, why, map[string]string{"Retry-After": "1"}}, answer{400, "text/plain", "RuntimeError: why", map[string]string{"Retry-After": ""}}},
		{"timeout", coded(serve.Timeout), answer{504, js, why, nil}, answer{400, "text/plain", "TimeoutError: why", nil}},
		{"deadline", failing(fmt.Errorf("predict: %w", context.DeadlineExceeded)), answer{504, js, `{"error":"predict: context deadline exceeded"}`, nil}, answer{400, "text/plain", "TimeoutError: predict: context deadline exceeded", nil}},
		{"given up by somebody else", failing(context.Canceled), answer{499, js, `{"error":"context canceled"}`, nil}, answer{400, "text/plain", "RuntimeError: context canceled", nil}},
		{"unknown code", coded(serve.Code(99)), answer{500, js, why, nil}, answer{400, "text/plain", "RuntimeError: why", nil}},
	}
	for _, tt := range tests {
		for _, mlrun := range []bool{false, true} {
			want := tt.want
			if mlrun {
				want = tt.mlrun
			}
			t.Run(fmt.Sprintf("%s/mlrun=%v", tt.name, mlrun), func(t *testing.T) {
				a := got(t, ask(New(tt.handler, Options{MLRun: mlrun}), http.MethodPost, "/", "{}"), want)
				if want.Body == "" && a.Body != "" && want.Status == 500 {
					a.Body = "" // the text is encoding/json's
				}
				if d := cmp.Diff(want, a); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

func TestPanic(t *testing.T) {
	for _, mlrun := range []bool{false, true} {
		var log strings.Builder
		h := New(panicking("secret"), Options{MLRun: mlrun, Logger: slog.New(slog.NewJSONHandler(&log, nil))})
		resp := ask(h, http.MethodPost, "/a", "{}", "X-Request-Id", "r1")
		body := text(t, resp)
		if resp.StatusCode != 500 || strings.Contains(body, "secret") || !strings.Contains(body, "r1") {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
		var entry struct{ Panic, Stack, ID, Path string }
		if err := json.Unmarshal([]byte(log.String()), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Panic != "secret" || entry.ID != "r1" || entry.Path != "/a" || !strings.Contains(entry.Stack, "panicking") {
			t.Errorf("logged %s", log.String())
		}
		if resp := ask(New(answering(serve.ValueBody(1), nil), Options{}), http.MethodPost, "/a", ""); resp.StatusCode != 200 {
			t.Errorf("afterwards: %d", resp.StatusCode)
		}
	}
}

// badJSON panics while it is encoded.
type badJSON struct{}

func (badJSON) MarshalJSON() ([]byte, error) { panic("secret") }

func TestPanicWhileEncoding(t *testing.T) {
	resp := ask(New(answering(serve.ValueBody(badJSON{}), nil), Options{}), http.MethodPost, "/", "")
	if body := text(t, resp); resp.StatusCode != 500 || strings.Contains(body, "secret") || !json.Valid([]byte(body)) {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}

func TestAbortIsPassedOn(t *testing.T) {
	for name, h := range map[string]serve.Handler{
		"by panic": panicking(http.ErrAbortHandler),
		"by error": failing(context.Canceled),
	} {
		t.Run(name, func(t *testing.T) {
			codes := new(counter)
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
					t.Errorf("recovered %v", err)
				}
				if d := cmp.Diff([]int{499}, codes.statuses); d != "" {
					t.Error(d)
				}
			}()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, "/", http.NoBody)
			New(h, Options{Metrics: codes}).ServeHTTP(&sink{http.Header{}}, r)
		})
	}
}

type counter struct{ statuses []int }

func (c *counter) Answered(status int) { c.statuses = append(c.statuses, status) }

func TestBytesOfTheRequestKeepTheirType(t *testing.T) {
	for ct, want := range map[string]string{
		"application/json":                "application/json",
		"Application/JSON; charset=utf-8": "application/json",
		"json":                            "application/json",
		"text/html":                       "text/plain; charset=utf-8",
		"":                                "application/json", // by look
	} {
		resp := ask(New(handlerFunc(echo), Options{}), http.MethodPost, "/", `{"a": 1}`, "Content-Type", ct)
		if got := resp.Header.Get("Content-Type"); got != want || text(t, resp) != `{"a": 1}` {
			t.Errorf("%q: got %q", ct, got)
		}
	}
	other := answering(serve.RawBody([]byte("x")), nil)
	if got := ask(New(other, Options{}), http.MethodPost, "/", "{}", "Content-Type", "application/json").Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("bytes of a step: got %q", got)
	}
}

func TestLongMessagesAreCut(t *testing.T) {
	long := strings.Repeat("é", 20_000) + strings.Repeat("z", 20_000)
	body := text(t, ask(New(failing(errors.New(long)), Options{MLRun: true}), http.MethodPost, "/", ""))
	if n := len([]rune(body)); n > maxMessage || n < maxMessage-10 {
		t.Errorf("%d characters", n)
	}
	if !strings.HasPrefix(body, "Exception: éé") || !strings.HasSuffix(body, "zz") || !strings.Contains(body, "é ... ") {
		t.Errorf("cut in the wrong place")
	}
	if got := cut(strings.Repeat("é", maxMessage)); len(got) != 2*maxMessage {
		t.Errorf("what fits was cut to %d bytes", len(got))
	}
}

func TestNaNIsNull(t *testing.T) {
	resp := ask(New(answering(serve.ValueBody([]float64{1, math.NaN()}), nil), Options{}), http.MethodPost, "/", "")
	if b := text(t, resp); resp.StatusCode != 200 || !json.Valid([]byte(b)) {
		t.Errorf("got %d %s", resp.StatusCode, b)
	}
}

func TestClosingStates(t *testing.T) {
	for _, mlrun := range []bool{false, true} {
		h := New(failing(serve.Errorf(serve.Unavailable, "", "model m is not ready yet")), Options{MLRun: mlrun})
		if resp := ask(h, http.MethodPost, "/", ""); resp.Header.Get("Connection") != "" {
			t.Error("open: connection is closed")
		}
		h.Drain()
		if resp := ask(h, http.MethodPost, "/", ""); resp.StatusCode != 503 || resp.Header.Get("Connection") != "close" {
			t.Errorf("draining: got %d, Connection %q", resp.StatusCode, resp.Header.Get("Connection"))
		}
		h.Refuse()
		h.Drain() // must not open it again
		resp := ask(h, http.MethodPost, "/", "")
		want := answer{503, "application/json", `{"error":"the server is shutting down"}`, map[string]string{"Connection": "close", "Retry-After": "1"}}
		if mlrun {
			want.Type, want.Body = "text/plain", "RuntimeError: the server is shutting down"
			want.Header["Retry-After"] = ""
		}
		if d := cmp.Diff(want, got(t, resp, want)); d != "" {
			t.Error(d)
		}
	}
}
