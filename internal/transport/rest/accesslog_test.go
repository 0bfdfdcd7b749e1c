package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// page is a writer that can be told to wait.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
	err  error
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(b)
	return len(b), p.err
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// byPath answers as the path says.
func byPath() serve.Handler {
	return handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		switch ev.Target.Path {
		case "/404":
			return nil, serve.Errorf(serve.NotFound, "", "why")
		case "/500":
			return nil, errors.New("why")
		case "/panic":
			panic("why")
		}
		time.Sleep(1500 * time.Microsecond)
		ev.Body = serve.ValueBody("four")
		return ev, nil
	})
}

func TestAccessLog(t *testing.T) {
	tests := []struct {
		mode AccessMode
		json bool
		want string
	}{
		{AccessOff, false, ""},
		{AccessErrors, false, `time=T level=ERROR msg=request method=POST path=/500 status=500 in=1 out=15 ms=0.000 id=i remote=192.0.2.1:1234
time=T level=ERROR msg=request method=POST path=/panic status=500 in=1 out=64 ms=0.000 id=i remote=192.0.2.1:1234
`},
		{AccessAll, false, `time=T level=INFO msg=request method=POST path="/a%20b=c" status=200 in=1 out=4 ms=1.500 id=i remote=192.0.2.1:1234
time=T level=INFO msg=request method=HEAD path=/x status=200 in=0 out=0 ms=1.500 id="a \"b" remote=192.0.2.1:1234
time=T level=INFO msg=request method=POST path=/404 status=404 in=1 out=15 ms=0.000 id=i remote=192.0.2.1:1234
time=T level=ERROR msg=request method=POST path=/500 status=500 in=1 out=15 ms=0.000 id=i remote=192.0.2.1:1234
time=T level=ERROR msg=request method=POST path=/panic status=500 in=1 out=64 ms=0.000 id=i remote=192.0.2.1:1234
time=T level=INFO msg=request method=POST path=/ status=415 in=0 out=85 ms=0.000 remote=192.0.2.1:1234
`},
		{AccessErrors, true, `{"time":"T","level":"ERROR","msg":"request","method":"POST","path":"/500","status":500,"in":1,"out":15,"ms":0.000,"id":"i","remote":"192.0.2.1:1234"}
{"time":"T","level":"ERROR","msg":"request","method":"POST","path":"/panic","status":500,"in":1,"out":64,"ms":0.000,"id":"i","remote":"192.0.2.1:1234"}
`},
	}
	instant := regexp.MustCompile(`2000-01-01T00:00:00\.\d\d\dZ`) // where bubbles begin
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			p := new(page)
			l := NewAccessLog(p, AccessOptions{Mode: tt.mode, JSON: tt.json})
			l.Start()
			h := New(byPath(), Options{Access: l})
			ask(h, http.MethodPost, "/a%20b=c", "x", "X-Request-Id", "i")
			ask(h, http.MethodHead, "/x", "", "X-Request-Id", `a "b`)
			for _, path := range []string{"/404", "/500", "/panic"} {
				ask(h, http.MethodPost, path, "x", "X-Request-Id", "i")
			}
			ask(h, http.MethodPost, "/", "x", "Content-Encoding", "br")
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			got := instant.ReplaceAllString(p.String(), "T")
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("mode %v, JSON %v: %s", tt.mode, tt.json, d)
			}
		})
	}
}

// TestAccessLogOfStreams tells streams that fail behind an answer from others.
func TestAccessLogOfStreams(t *testing.T) {
	for mode, want := range map[AccessMode]string{
		AccessAll:    "INFO /m_stream status=200 in\nERROR /failed_stream status=200 failed=500 in\nINFO /refused_stream status=200 failed=400 in\n",
		AccessErrors: "ERROR /failed_stream status=200 failed=500 in\n",
	} {
		p := new(page)
		l := NewAccessLog(p, AccessOptions{Mode: mode})
		l.Start()
		h := New(handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
			if err := ev.Sink().Send(serve.ValueBody("x")); err != nil {
				return nil, err
			}
			ev.EndStream()
			return ev, map[string]error{"/failed_stream": errors.New("why"), "/refused_stream": serve.Errorf(serve.BadRequest, "", "why")}[ev.Target.Path]
		}), Options{Access: l})
		for _, path := range []string{"/m_stream", "/failed_stream", "/refused_stream"} {
			ask(h, http.MethodPost, path, "x")
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		got := regexp.MustCompile(`(?m)^.*level=(\w+) .* path=(\S+) (.* in)=.*$`).ReplaceAllString(p.String(), "$1 $2 $3")
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("mode %v: %s", mode, d)
		}
	}
}

func TestAccessLogWritesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := new(page)
		l := NewAccessLog(p, AccessOptions{Mode: AccessAll, Buffer: 1000})
		l.Start()
		h := New(byPath(), Options{Access: l})
		ask(h, http.MethodPost, "/404", "")
		synctest.Wait()
		if n := len(p.String()); n != 0 {
			t.Errorf("%d bytes at once", n)
		}
		time.Sleep(accessInterval)
		synctest.Wait()
		if n := strings.Count(p.String(), "\n"); n != 1 {
			t.Errorf("%d lines after the interval", n)
		}
		for range 5 { // half of the buffer
			ask(h, http.MethodPost, "/404", "")
		}
		synctest.Wait()
		if n := strings.Count(p.String(), "\n"); n < 4 {
			t.Errorf("%d lines when the buffer is half full", n)
		}
		l.Close()
	})
}

// TestSlowAccessLog has a writer stand still: requests do not wait, and what
// was lost is counted in the log itself.
func TestSlowAccessLog(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := new(page)
			l := NewAccessLog(p, AccessOptions{Mode: AccessAll, JSON: asJSON, Buffer: 2000})
			l.Start()
			h := New(byPath(), Options{Access: l})
			p.mu.Lock()
			const requests = 100
			for range requests {
				ask(h, http.MethodPost, "/404", "")
			}
			if l.Dropped() == 0 || l.Dropped() >= requests {
				t.Errorf("dropped %d", l.Dropped())
			}
			p.mu.Unlock()
			l.Close()
			lines := strings.Split(strings.TrimSpace(p.String()), "\n")
			lost := 0
			for _, line := range lines {
				if asJSON {
					var entry struct {
						Msg   string
						Count int
					}
					if err := json.Unmarshal([]byte(line), &entry); err != nil {
						t.Error(err)
					}
					lost += entry.Count
				} else if _, n, ok := strings.Cut(line, " count="); ok {
					count := 0
					json.Unmarshal([]byte(n), &count)
					lost += count
				}
			}
			if uint64(lost) != l.Dropped() {
				t.Errorf("the log tells of %d lost lines, dropped %d", lost, l.Dropped())
			}
		})
	}
}

func TestAccessLogTellsOfFailedWrites(t *testing.T) {
	full := errors.New("disk full")
	l := NewAccessLog(&page{err: full}, AccessOptions{Mode: AccessAll})
	l.Start()
	ask(New(byPath(), Options{Access: l}), http.MethodPost, "/404", "")
	if err := l.Close(); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestParseAccessMode(t *testing.T) {
	for s, want := range map[string]AccessMode{"off": AccessOff, "Errors": AccessErrors, "all": AccessAll} {
		if got, err := ParseAccessMode(s); got != want || err != nil {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := ParseAccessMode("on"); err == nil {
		t.Error("on: no error")
	}
}
