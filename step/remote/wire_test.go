package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// raw is a service that writes the answers byte by byte: to every request of a
// connection the next of them; behind the last one it closes the connection. It
// counts connections, and how many answers are left for the newest.
func raw(t *testing.T, answers ...string) (url string, opened, left *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opened, left = new(atomic.Int64), new(atomic.Int64)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			opened.Add(1)
			left.Store(int64(len(answers)))
			wg.Go(func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for _, a := range answers {
					req, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					left.Add(-1)
					io.WriteString(c, a)
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return "http://" + l.Addr().String(), opened, left
}

// closed waits until every connection that is kept has been closed by the other end.
func closed(t *testing.T, w *wire) {
	t.Helper()
	anyOpen := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, list := range w.idle {
			if slices.ContainsFunc(list, (*link).open) {
				return true
			}
		}
		return false
	}
	for deadline := time.Now().Add(time.Minute); anyOpen(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other end does not close the connection")
		}
	}
}

// TestWire speaks to services whose answers have every form that HTTP has.
func TestWire(t *testing.T) {
	const sized = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
	for _, c := range []struct {
		name    string
		answers []string
		calls   int
		want    string // body, or a part of the error
		opened  int64
	}{
		{"of a length", []string{sized, sized, sized}, 3, `{"a":1}`, 1},
		{"in chunks", []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n", sized}, 2, `{"a":1}`, 1},
		{"to the end", []string{"HTTP/1.1 200 OK\r\n\r\n{\"a\":1}"}, 2, `{"a":1}`, 2},
		{"the last of a connection", []string{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\n{\"a\":1}", sized}, 2, `{"a":1}`, 2},
		{"of HTTP/1.0", []string{"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}", sized}, 2, `{"a":1}`, 2},
		{"behind hints", []string{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + sized, sized}, 2, `{"a":1}`, 1},
		{"none", []string{"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"}, 2, `null`, 1},
		{"with more behind it", []string{sized + sized, sized}, 2, `{"a":1}`, 2},
		{"closed while it was idle", []string{sized}, 3, `{"a":1}`, 3},
		{"too many hints", []string{strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9)}, 1, "error: cannot invoke url: malformed HTTP response: more than 5", 1},
		{"no HTTP", []string{"SSH-2.0-x\r\n\r\n"}, 1, "error: cannot invoke url: malformed HTTP", 1},
		{"cut", []string{"HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n{\"a\":1}"}, 1, "error: cannot invoke url: unexpected EOF", 1},
		{"nothing", []string{""}, 1, "error: cannot invoke url: EOF", 1},
		{"an endless head", []string{"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 1100)}, 1, "error: cannot invoke url: malformed HTTP response: its head has more", 1},
		{"two lengths", []string{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\n{\"a\":1}"}, 1, "error: cannot invoke url: ", 1},
	} {
		url, opened, left := raw(t, c.answers...)
		s := build(t, "$remote", m{"url": url, "retries": 0}, nil)
		for i := range c.calls {
			ev := post("/", `{}`)
			_, err := s.Do(t.Context(), ev)
			got := bodyOf(t, ev)
			if err != nil {
				got = "error: " + strings.ReplaceAll(errorOf(t, err).Err.Error(), url+", ", "")
			}
			if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
				t.Errorf("%s: call %d: %s, want %s", c.name, i, got, c.want)
			}
			if left.Load() == 0 {
				closed(t, &s.(*step).client.wire)
			}
		}
		if n := opened.Load(); n != c.opened {
			t.Errorf("%s: %d connections, want %d", c.name, n, c.opened)
		}
	}
}

// TestWireAndNetHTTP wants the same request from both.
func TestWireAndNetHTTP(t *testing.T) {
	var got []string
	url := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		delete(r.Header, "Mlrun-Event-Id")
		got = append(got, fmt.Sprint(r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding, r.Header, string(body)))
	})
	for _, c := range []struct {
		method, subpath, body string
	}{
		{"POST", "", `{"a":1}`}, {"GET", "/x?a=b%20c&d", ``}, {"PUT", "/ö", `[1]`}, {"DELETE", "", `{}`}, {"HEAD", "", ``}, {"POST", "", ``},
	} {
		got = nil
		for _, direct := range []bool{true, false} {
			s := build(t, "$remote", m{"url": url, "method": c.method, "subpath": c.subpath, "headers": m{"x-a": "b"}}, nil)
			s.(*step).client.direct = direct
			if _, err := s.Do(t.Context(), post("/p/q", c.body)); err != nil {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if len(got) != 2 || got[0] != got[1] {
			t.Errorf("%+v: a wire sends\n%v, net/http the other", c, strings.Join(got, "\n"))
		}
	}
}

func TestDirect(t *testing.T) {
	for text, want := range map[string]bool{
		"http://a-b.c_d:80/x":    true,
		"http://[::1]:80/":       true,
		"http://127.0.0.1":       true,
		"https://a/":             false,
		"http://u:p@a/":          false,
		"http://[fe80::1%25e0]/": false,
		"http://ä/":              false,
	} {
		u, err := parseURL(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := direct(&request{method: "POST", url: u}); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	u, _ := parseURL("http://a/")
	if direct(&request{method: "POST", url: u, body: make([]byte, mostWritten+1)}) || direct(&request{method: "CONNECT", url: u}) {
		t.Error("a large body, or CONNECT, goes over a wire")
	}
	if plainFields(map[string]string{"connection": "close"}) || !plainFields(map[string]string{"Authorization": "x"}) {
		t.Error("fields of the spec")
	}
	if _, err := appendRequest(nil, &request{method: "GET", url: u, header: http.Header{"X": {"a\r\nb: c"}}}); !errors.Is(err, errField) {
		t.Errorf("a line break in a field: %v", err)
	}
}

// TestWireCanceled ends calls whose caller goes away, or has no time.
func TestWireCanceled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := build(t, "$remote", m{"url": "http://" + l.Addr().String(), "retries": 0}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := s.Do(ctx, post("/", `{}`)); serve.CodeOf(err) != serve.Canceled {
		t.Errorf("canceled: %v", err)
	}
	ev := post("/", `{}`)
	until := ev.Until(t.Context(), time.Now().Add(20*time.Millisecond))
	defer until.Stop()
	if _, err := s.Do(until, ev); serve.CodeOf(err) != serve.Timeout || !strings.Contains(err.Error(), "the time for the event is over") {
		t.Errorf("no time: %v", err)
	}
	s = build(t, "$remote", m{"url": "http://" + l.Addr().String(), "retries": 0, "timeout": 0.02}, nil)
	if _, err := s.Do(t.Context(), post("/", `{}`)); serve.CodeOf(err) != serve.Timeout || !strings.Contains(err.Error(), "timeout=20ms") {
		t.Errorf("timeout: %v", err)
	}
}

// TestIdle closes connections that nobody has used for long, and all at the end.
func TestIdle(t *testing.T) {
	url := upstream(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 1) })
	s := build(t, "$remote", m{"url": url}, nil).(*step)
	w := &s.client.wire
	count := func() (n int) {
		for _, list := range w.idle {
			n += len(list)
		}
		return n
	}
	if _, err := s.Do(t.Context(), post("/", `{}`)); err != nil || count() != 1 {
		t.Fatalf("%d connections are kept, %v", count(), err)
	}
	if w.expire(); count() != 1 {
		t.Error("a connection that was just used was closed")
	}
	for _, list := range w.idle {
		list[0].used = time.Now().Add(-2 * idleTimeout)
	}
	if w.expire(); count() != 0 || len(w.idle) != 0 || w.sweep != nil {
		t.Errorf("%d connections are kept too long", count())
	}
	if _, err := s.Do(t.Context(), post("/", `{}`)); err != nil || count() != 1 {
		t.Fatalf("%d connections are kept, %v", count(), err)
	}
	s.Close(t.Context())
	if _, err := s.Do(t.Context(), post("/", `{}`)); err != nil || count() != 0 {
		t.Errorf("%d connections are kept behind Close, %v", count(), err)
	}
}

// TestShortTimeout keeps a connection beyond the time that its last call had.
func TestShortTimeout(t *testing.T) {
	const sized = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
	url, opened, _ := raw(t, sized, sized, sized)
	s := build(t, "$remote", m{"url": url, "timeout": 60}, nil).(*step)
	for range 3 {
		if _, err := s.Do(t.Context(), post("/", `{}`)); err != nil {
			t.Fatal(err)
		}
		for _, list := range s.client.wire.idle { // as if that long had passed
			list[0].due = time.Now().Add(-time.Second)
			list[0].conn.SetDeadline(list[0].due)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}
