package remote

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

func TestBuildErrors(t *testing.T) {
	env := &catalog.Env{Endpoint: func(name string) (string, error) {
		if name == "p/f:v1" {
			return "http://p-f", nil
		}
		return "", fmt.Errorf("there is no function %s", name)
	}}
	for _, c := range []struct {
		class  string
		values m
		env    *catalog.Env
		want   string
	}{
		{"$remote", m{}, nil, "url is missing, and url_expression too"},
		{"$remote", m{"url": "ftp://x"}, nil, "url is no http or https URL"},
		{"$remote", m{"url": "http://"}, nil, "url is no http or https URL"},
		{"$remote", m{"url": "http://user:secret@host:port"}, nil, "url is no URL"},
		{"$remote", m{"url": "myfunc"}, nil, "url names the function myfunc, and this server knows no addresses of functions: write its http URL"},
		{"$remote", m{"url": ".child"}, env, "url names the function .child: there is no function .child"},
		{"$remote", m{"url": "p/f:v1"}, env, ""},
		{"$remote", m{"url": "http://x", "retries": -1, "timeout": 0, "backoff_factor": -1}, nil, "timeout is out of range"},
		{"$remote", m{"url": "http://x", "method": "GE T"}, nil, "method must be a method of HTTP"},
		{"$remote", m{"url": "http://x", "headers": m{"a b": "x"}}, nil, "headers.a b is not a header field"},
		{"$remote", m{"url": "http://x", "headers": m{"a": "x\r\ny: z"}}, nil, "headers.a is not a header field"},
		{"$remote", m{"url": "http://x", "urll": 1}, nil, "urll is not an argument of this class (did you mean url?)"},
		{"$remote", m{"url_expression": "evnt['x']"}, nil, "url_expression is wrong: expression evnt['x']: column 1: the name evnt is not defined"},
		{"$remote", m{"url": "http://x", "body_expression": "event["}, nil, "body_expression is wrong"},
		{"BatchHttpRequests", m{"url": "http://x", "url_expression": "event"}, nil, "cannot set both url and url_expression"},
		{"mlrun.serving.remote.BatchHttpRequests", m{"url_expression": "event"}, nil, ""},
	} {
		_, err := classes().Lookup(c.class).New(catalog.Args{Name: "r", Values: c.values, Env: c.env})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %v: %v, want %s", c.class, c.values, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the message repeats a password: %v", err)
		}
	}
	var bare catalog.Set
	Register(&bare)
	if _, err := bare.Lookup("RemoteStep").New(catalog.Args{Values: m{"url_expression": "event"}}); err == nil {
		t.Error("there is no expression language, and no error")
	}
}

// TestRequests wants what is sent for an event.
func TestRequests(t *testing.T) {
	type seen struct{ Line, Type, Body, ID, Path, Trace, Extra string }
	var got seen
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{
			r.Method + " " + r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body),
			r.Header.Get("MLRUN-EVENT-ID"), r.Header.Get("MLRUN-EVENT-PATH"), r.Header.Get("Traceparent"), r.Header.Get("X-Extra"),
		}
	})
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for name, c := range map[string]struct {
		values m
		path   string
		body   serve.Body
		want   seen
	}{
		"json as it came": {m{"url": url + "/a/"}, "/", serve.RawBody([]byte(`{"x": 1.0}`)), seen{"POST /a", "application/json", `{"x": 1.0}`, "id", "", trace, ""}},
		"value":           {m{"url": url}, "/p", serve.ValueBody([]any{int64(1), nil}), seen{"POST /", "application/json", `[1,null]`, "id", "/p", trace, ""}},
		"text":            {m{"url": url, "body_expression": "event['nope']"}, "", serve.ValueBody("plain"), seen{"POST /", "text/plain; charset=utf-8", "plain", "id", "", trace, ""}},
		"nothing":         {m{"url": url, "body_expression": "1"}, "", serve.Body{}, seen{"POST /", "", "", "id", "", trace, ""}},
		"get":             {m{"url": url, "method": "get"}, "/", serve.RawBody([]byte(`[1]`)), seen{"GET /", "", "", "id", "", trace, ""}},
		"put":             {m{"url": url, "method": "PUT", "body_expression": "len(event)"}, "/", serve.RawBody([]byte(`[1]`)), seen{"PUT /", "application/json", "1", "id", "", trace, ""}},
		"subpath":         {m{"url": url + "/a/", "subpath": "/b?c=d"}, "/", serve.RawBody([]byte(`1`)), seen{"POST /a/b?c=d", "application/json", "1", "id", "", trace, ""}},
		"$path":           {m{"url": url + "/a", "subpath": "$path"}, "/b ö/c", serve.RawBody([]byte(`1`)), seen{"POST /a/b%20%C3%B6/c", "application/json", "1", "id", "/b ö/c", trace, ""}},
		"no way up":       {m{"url": url + "/a", "subpath": "$path"}, "/../../b", serve.RawBody([]byte(`1`)), seen{"POST /a/b", "application/json", "1", "id", "/../../b", trace, ""}},
		"path as a query": {m{"url": url + "/a", "subpath": "$path"}, "/b?x=1#y", serve.RawBody([]byte(`1`)), seen{"POST /a/b%3Fx=1%23y", "application/json", "1", "id", "/b?x=1#y", trace, ""}},
		"headers":         {m{"url": url, "headers": m{"X-Extra": "e", "Content-Type": "text/csv"}}, "/", serve.ValueBody("a,b"), seen{"POST /", "text/csv", "a,b", "id", "", trace, "e"}},
		"expression":      {m{"url": url, "url_expression": "endpoint + '/' + event['u'] + context.get_param('q')"}, "/p", serve.RawBody([]byte(`{"u":"z"}`)), seen{"POST /z?k", "application/json", `{"u":"z"}`, "id", "", trace, ""}},
	} {
		s := build(t, "$remote", c.values, &catalog.Env{Params: m{"q": "?k"}})
		ev := &serve.Event{ID: "id", Target: serve.Target{Method: "POST", Path: c.path}, Body: c.body}
		ev.Header = serve.Header{"Authorization": {"secret"}, "Cookie": {"c"}, "X-Extra": {"theirs"}, "Traceparent": {trace}}
		if _, err := s.Do(context.Background(), ev); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	s := build(t, "$remote", m{"url": url}, &catalog.Env{Inject: func(_ context.Context, h map[string][]string) { h["Traceparent"] = []string{"of a span"} }})
	if _, err := s.Do(context.Background(), post("/", "1")); err != nil || got.Trace != "of a span" {
		t.Errorf("the trace is %q, %v", got.Trace, err)
	}
}

// TestAnswers wants what becomes of an answer.
func TestAnswers(t *testing.T) {
	var contentType, body string
	url := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	})
	for _, c := range []struct {
		returnJSON        any
		mlrun             bool
		contentType, body string
		want, err         string
	}{
		{nil, false, "application/json", `{"a": [1, 2.0]}`, `{"a": [1, 2.0]}`, ""},
		{nil, false, "text/plain", `{"a": 1}`, `{"a": 1}`, ""},
		{nil, false, "text/plain", `not json`, `"not json"`, ""},
		{nil, false, "application/json", `not json`, "", "JSONDecodeError: RemoteStep r got an answer that is no JSON"},
		{nil, false, "text/plain", ``, `null`, ""},
		{nil, true, "text/plain", `not json`, "", "JSONDecodeError"},
		{nil, true, "text/plain", ``, "", "JSONDecodeError"},
		{true, false, "text/plain", `not json`, "", "JSONDecodeError"},
		{false, false, "text/plain", `{"a": 1}`, `"{\"a\": 1}"`, ""},
		{false, true, "application/json", `{"a": 1}`, `{"a": 1}`, ""},
		{false, false, "application/json; charset=utf-8", `[1]`, `"[1]"`, ""},
	} {
		contentType, body = c.contentType, c.body
		s := build(t, "$remote", m{"url": url, "return_json": c.returnJSON}, &catalog.Env{MLRun: c.mlrun})
		ev := post("/", "{}")
		_, err := s.Do(context.Background(), ev)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(serve.Classic(err), c.err) {
				t.Errorf("%+v: %v", c, err)
			}
		case err != nil:
			t.Errorf("%+v: %v", c, err)
		default:
			if got := bodyOf(t, ev); got != c.want {
				t.Errorf("%+v: the body is %s", c, got)
			}
		}
	}
}

// TestFaults wants the right kind of failure, and the step's name, of whatever
// the other side does.
func TestFaults(t *testing.T) {
	release := make(chan struct{})
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-release:
			}
		case "/cut":
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/gone":
			panic(http.ErrAbortHandler)
		case "/huge":
			w.Write(make([]byte, 3000))
		case "/endless":
			for range 100 {
				w.Write(make([]byte, 100))
				w.(http.Flusher).Flush()
			}
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			var status int
			fmt.Sscanf(r.URL.Path, "/%d", &status)
			w.WriteHeader(status)
			io.WriteString(w, strings.Repeat("words ", 5000))
		}
	})
	t.Cleanup(func() { close(release) }) // before the server is closed
	for _, c := range []struct {
		url, want string
		code      serve.Code
	}{
		{url + "/slow", "attempt 1 of 1: http request to " + url + "/slow timed out in RemoteStep r, timeout=50ms", serve.Timeout},
		{url + "/cut", "attempt 1 of 1: cannot invoke url: " + url + "/cut, unexpected EOF", serve.Unavailable},
		{url + "/gone", "cannot invoke url: " + url + "/gone, EOF", serve.Unavailable},
		{url + "/huge", "the answer has more than 2000 bytes", serve.Internal},
		{url + "/endless", "the answer has more than 2000 bytes", serve.Internal},
		{url + "/loop", "more than 10 redirects", serve.Unavailable},
		{url + "/500", "bad http response 500: words words", serve.Unavailable},
		{url + "/504", "bad http response 504: words", serve.Timeout},
		{url + "/400", "RemoteStep r got an unexpected response status 400: words", serve.BadRequest},
		{url + "/404?key=secret", "RemoteStep r got an unexpected response status 404: words", serve.Internal},
		{url + "/429", "unexpected response status 429", serve.Unavailable},
		{"http://127.0.0.1:1?key=secret", "connection refused", serve.Unavailable},
		{"http://no..host", "cannot invoke url: http://no..host, ", serve.Unavailable}, // which no server is asked for,
	} {
		values := m{"url": c.url, "retries": 0, "max_response_bytes": 2000}
		if strings.HasSuffix(c.url, "/slow") {
			values["timeout"] = 0.05
		}
		s := build(t, "$remote", values, nil)
		_, err := s.Do(context.Background(), post("/", "{}"))
		if err == nil {
			t.Errorf("%s: no error", c.url)
			continue
		}
		e := errorOf(t, err)
		if e.Code != c.code || !strings.Contains(e.Error(), c.want) || strings.Contains(e.Error(), "secret") {
			t.Errorf("%s: code %d, %v\n\twant %d, %s", c.url, e.Code, e, c.code, c.want)
		}
		if len(e.Error()) > 1000 {
			t.Errorf("%s: a message of %d bytes", c.url, len(e.Error()))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	s := build(t, "$remote", m{"url": url + "/slow"}, nil)
	_, err := s.Do(ctx, post("/", "{}"))
	if e := errorOf(t, err); e.Code != serve.Timeout || !strings.Contains(e.Error(), "timed out in RemoteStep r, the time for the event is over") {
		t.Errorf("over the event's deadline: %v", e)
	}
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err = s.Do(ctx, post("/", "{}")); serve.CodeOf(err) != serve.Canceled {
		t.Errorf("of a caller that went away: %v", err)
	}
}

// TestRedirects wants the fields of the spec to stay with the host that they
// are for.
func TestRedirects(t *testing.T) {
	var key string
	other := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("X-Key")
		reply(w, "there")
	})
	var method string
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/other":
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		case "/end":
			key, method = r.Header.Get("X-Key"), r.Method
			reply(w, "here")
		}
	})
	for _, c := range []struct{ path, body, key string }{{"/same", `"here"`, "k"}, {"/other", `"there"`, ""}} {
		key = "unset"
		s := build(t, "$remote", m{"url": url + c.path, "headers": m{"X-Key": "k"}}, nil)
		ev := post("/", "{}")
		if _, err := s.Do(context.Background(), ev); err != nil || bodyOf(t, ev) != c.body || key != c.key {
			t.Errorf("%s: body %s, key %q, %v", c.path, bodyOf(t, ev), key, err)
		}
	}
	if method != http.MethodGet {
		t.Errorf("a POST that was found elsewhere goes on as %s", method)
	}
	s := build(t, "$remote", m{"url": url + "/other", "allowed_hosts": []any{strings.TrimPrefix(url, "http://")}, "retries": 0}, nil)
	if _, err := s.Do(context.Background(), post("/", "{}")); err == nil || !strings.Contains(err.Error(), "is not one of allowed_hosts") {
		t.Errorf("a redirect to a host that is not allowed: %v", err)
	}
}

// TestHosts is about URLs that come with events.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		allowed any
		url     string
		want    string
	}{
		{nil, "http://169.254.169.254/latest/meta-data", "link-local addresses"},
		{nil, "http://[fe80::1%25lo]/", "link-local addresses"},
		{nil, "file:///etc/passwd", "no http or https URL"},
		{nil, "/relative", "no http or https URL"},
		{nil, "http://[", "is no URL"},
		{"*.example.com", "http://example.org", "the host example.org is not one of allowed_hosts"},
		{"*.example.com", "http://evilexample.com", "is not one of allowed_hosts"},
		{"host", "http://host@evil/", "the host evil is not one"},
	} {
		s := build(t, "$remote", m{"url_expression": "event", "allowed_hosts": c.allowed, "retries": 0}, nil)
		ev := &serve.Event{Body: serve.ValueBody(c.url)}
		_, err := s.Do(context.Background(), ev)
		if err == nil || !strings.Contains(err.Error(), c.want) || serve.CodeOf(err) != serve.BadRequest {
			t.Errorf("%s: %v, want %s", c.url, err, c.want)
		}
	}
	s := build(t, "$remote", m{"url_expression": "event['x']"}, nil)
	_, err := s.Do(context.Background(), post("/", `{}`))
	if serve.Classic(err) != "KeyError: 'x'" {
		t.Errorf("a missing key: %v", err)
	}
	if _, err = s.Do(context.Background(), post("/", `{"x": 5}`)); err == nil || !strings.Contains(err.Error(), "url_expression gives no text but") {
		t.Errorf("a number as URL: %v", err)
	}
}

// TestTLS wants certificates verified, also against authorities of one's own.
func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply(w, 1) }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0) // of handshakes that fail
	srv.StartTLS()
	defer srv.Close()
	s := build(t, "$remote", m{"url": srv.URL, "retries": 3}, nil)
	_, err := s.Do(context.Background(), post("/", "{}"))
	if e := errorOf(t, err); !strings.Contains(e.Error(), "certificate") || !strings.Contains(e.Error(), "attempt 1 of 4") {
		t.Errorf("an unknown authority: %v", err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s = build(t, "$remote", m{"url": srv.URL, "ca_file": file}, nil)
	if _, err := s.Do(context.Background(), post("/", "{}")); err != nil {
		t.Errorf("with ca_file: %v", err)
	}
	for name, text := range map[string]string{"none": "", "empty": "nothing"} {
		path := filepath.Join(t.TempDir(), name)
		if text != "" {
			os.WriteFile(path, []byte(text), 0o600)
		}
		bad, err := classes().Lookup("$remote").New(catalog.Args{Values: m{"url": srv.URL, "ca_file": path}})
		if err != nil {
			t.Fatal(err)
		}
		if bad.(serve.Starter).Start(context.Background()) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestConnections wants as many connections as calls at a time, and no more,
// and headers that are each event's own.
func TestConnections(t *testing.T) {
	const callers = 64
	var opened, wrong atomic.Int64
	var all sync.WaitGroup // of the first calls, each of which needs a connection then
	all.Add(callers)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("MLRUN-EVENT-ID") != string(body) || r.Header.Get("MLRUN-EVENT-PATH") != "/"+string(body) {
			wrong.Add(1)
		}
		if bytes.HasSuffix(body, []byte("-first")) {
			all.Done()
			all.Wait()
		}
		w.Write(body)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	s := build(t, "$remote", m{"url": srv.URL, "headers": m{"X-A": "b"}}, nil)
	call := func(id string) {
		ev := &serve.Event{ID: id, Body: serve.ValueBody(id)}
		ev.Target.Path = "/" + id
		if _, err := s.Do(context.Background(), ev); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			call(fmt.Sprintf("%d-first", i))
			for j := range 60 {
				call(fmt.Sprintf("%d-%d", i, j))
			}
		})
	}
	wg.Wait()
	if n := opened.Load(); n != callers {
		t.Errorf("%d callers opened %d connections", callers, n)
	}
	if wrong.Load() > 0 {
		t.Errorf("%d requests had another event's header", wrong.Load())
	}
}

// TestInFlight wants calls above max_in_flight to wait, and to say so when they
// waited in vain.
func TestInFlight(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	url := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		reply(w, 1)
	})
	s := build(t, "$remote", m{"url": url, "max_in_flight": 1}, nil)
	done := make(chan error)
	go func() {
		_, err := s.Do(context.Background(), post("/", "{}"))
		done <- err
	}()
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_, err := s.Do(ctx, post("/", "{}"))
	if serve.CodeOf(err) != serve.Timeout || !strings.Contains(err.Error(), "max_in_flight") {
		t.Errorf("the second call: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPaths(t *testing.T) {
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	s := build(t, "$remote", m{"url": url, "input_path": "a.b", "result_path": "c"}, nil)
	ev := post("/", `{"a": {"b": [1, 2]}}`)
	if _, err := s.Do(context.Background(), ev); err != nil || bodyOf(t, ev) != `{"a":{"b": [1, 2]},"c":[1, 2]}` && bodyOf(t, ev) != `{"a": {"b": [1, 2]},"c":[1, 2]}` {
		t.Errorf("%s, %v", bodyOf(t, ev), err)
	}
	if w, ok := s.(serve.Waiter); !ok || !w.Waits() {
		t.Error("a remote step waits")
	}
}

// TestOnStatus lets answers with an error's status go on, or out.
func TestOnStatus(t *testing.T) {
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscan(strings.Trim(r.URL.Path, "/"), &code)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		io.WriteString(w, `{"status": `+strings.Trim(r.URL.Path, "/")+`, "long": "`+strings.Repeat("x", 2000)+`"}`)
	})
	for _, c := range []struct {
		mode, result string
		status       int
		fate         serve.Fate
		reply        int
		keys         string
	}{
		{"pass", "", 200, serve.Pass, 0, "status long"},
		{"pass", "", 201, serve.Pass, 201, "status long"},
		{"pass", "", 404, serve.Pass, 404, "status long"},
		{"pass", "r", 503, serve.Pass, 503, "in r"},
		{"answer", "r", 200, serve.Pass, 0, "in r"},
		{"answer", "r", 404, serve.Finish, 404, "status long"},
		{"answer", "", 500, serve.Finish, 500, "status long"},
	} {
		s := build(t, "$remote", m{"url": fmt.Sprintf("%s/%d", url, c.status), "on_status": c.mode, "result_path": c.result}, nil)
		ev := post("/", `{"in": 1}`)
		fate, err := s.Do(t.Context(), ev)
		if err != nil || fate != c.fate {
			t.Errorf("%+v: fate %v, %v", c, fate, err)
			continue
		}
		if got := ev.Reply; (got == nil && c.reply != 0) || (got != nil && got.Status != c.reply) {
			t.Errorf("%+v: reply %+v", c, got)
		}
		v, err := oip.Value(ev.Body)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, f := range v.(*serve.Object).Fields() {
			keys = append(keys, f.Key)
		}
		if strings.Join(keys, " ") != c.keys {
			t.Errorf("%+v: the body has %v", c, keys)
		}
	}
	// Without an answer there is nothing to go on with.
	s := build(t, "$remote", m{"url": "http://127.0.0.1:1", "on_status": "pass", "retries": 0}, nil)
	if _, err := s.Do(t.Context(), post("/", `{}`)); serve.CodeOf(err) != serve.Unavailable {
		t.Errorf("nobody listens: %v", err)
	}
}
