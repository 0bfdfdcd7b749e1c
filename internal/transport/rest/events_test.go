package rest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// streamer serves by sending texts to the sink, until one says that nobody takes it.
func streamer(serveTo func(ctx context.Context, send func(text string) error) error) handlerFunc {
	return func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		to := ev.Sink()
		if to == nil {
			return nil, serve.Errorf(serve.NotOffered, "", "no sink")
		}
		err := serveTo(ctx, func(text string) error { return to.Send(serve.ValueBody(text)) })
		ev.EndStream()
		return ev, err
	}
}

// TestEventsArriveOneByOne has each event be read before the next is made.
func TestEventsArriveOneByOne(t *testing.T) {
	next := make(chan string)
	url := reached(t, New(streamer(func(ctx context.Context, send func(string) error) error {
		for text := range next {
			if err := send(text); err != nil {
				return err
			}
		}
		return nil
	}), Options{CompressFrom: 1}))
	next2 := []string{"a", "line\nand\rmore", strings.Repeat("x", 100_000)}
	req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/m_stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	go func() { next <- next2[0] }()
	r, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || r.Header.Get("Content-Encoding") != "" || r.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %d %v", r.StatusCode, r.Header)
	}
	lines := bufio.NewReader(r.Body)
	for i := range next2 {
		event, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		end, err := lines.ReadString('\n')
		if want := "data: " + quoted(next2[i]) + "\n"; err != nil || event != want || end != "\n" {
			t.Fatalf("event %d: %.80q, %q, %v; want %.80q", i, event, end, err, want)
		}
		if i+1 < len(next2) {
			next <- next2[i+1]
		}
	}
	close(next)
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("behind the last: %q, %v", rest, err)
	}
}

// quoted is the JSON of a text that has no more to be escaped than ends of lines.
func quoted(s string) string {
	return `"` + strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(s) + `"`
}

// TestEventsOfDocumentsAreOneLine has what is written as it came be one line.
func TestEventsOfDocumentsAreOneLine(t *testing.T) {
	doc := []byte("{\n \"a\":\r\n1}\n")
	oneLine(doc)
	if string(doc) != "{  \"a\":  1} " {
		t.Errorf("got %q", doc)
	}
}

// TestEventsFailures has failures before the first event be an answer like any
// other, and later ones an event.
func TestEventsFailures(t *testing.T) {
	boom := serve.Errorf(serve.BadRequest, "", `it is "wrong"`)
	for _, c := range []struct {
		name   string
		events int
		fail   func() error
		status int
		want   string
	}{
		{"before", 0, func() error { return boom }, 400, `{"error":"it is \"wrong\""}`},
		{"none", 0, func() error { return nil }, 200, ""},
		{"behind", 2, func() error { return boom }, 200, "data: \"x\"\n\ndata: \"x\"\n\ndata: {\"error\":\"it is \\\"wrong\\\"\"}\n\n"},
		{"panic behind", 1, func() error { panic("at the disco") }, 200, "data: \"x\"\n\ndata: {\"error\":\"internal error; the server's log has more under id i\"}\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := reached(t, New(streamer(func(_ context.Context, send func(string) error) error {
				for range c.events {
					if err := send("x"); err != nil {
						return err
					}
				}
				return c.fail()
			}), Options{}))
			req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/m_stream", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Request-Id", "i")
			r, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Body.Close() }()
			got, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != c.status || string(got) != c.want {
				t.Errorf("got %d %q, %v; want %d %q", r.StatusCode, got, err, c.status, c.want)
			}
			if is := r.Header.Get("X-Accel-Buffering") == "no" && r.Header.Get("Cache-Control") == "no-cache"; is != (c.status == 200) {
				t.Errorf("got %v", r.Header)
			}
		})
	}
}

// TestEventsOnlyWhereAskedFor has no sink for other requests and in MLRun's contract.
func TestEventsOnlyWhereAskedFor(t *testing.T) {
	none := streamer(func(context.Context, func(string) error) error { return nil })
	for _, c := range []struct {
		method, path string
		o            Options
		want         int
	}{{"POST", "/m_stream", Options{}, 200}, {"GET", "/m_stream", Options{}, 501}, {"POST", "/m", Options{}, 501}, {"POST", "/m_stream", Options{MLRun: true}, 400}} {
		url := reached(t, New(none, c.o))
		req, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != c.want {
			t.Errorf("%s %s %v: %d, want %d", c.method, c.path, c.o.MLRun, r.StatusCode, c.want)
		}
	}
}

// TestEventsHoldUpWhoIsNotRead has a model be held up by a client that does not read:
// after a GiB there are no buffers left between the two, whatever the system allows.
// When the client goes, the
// model is told.
func TestEventsHoldUpWhoIsNotRead(t *testing.T) {
	const size, most = 64 << 10, 1 << 30
	var sent atomic.Int64
	ended := make(chan error, 1)
	url := reached(t, New(streamer(func(ctx context.Context, send func(string) error) error {
		text := strings.Repeat("x", size)
		for {
			if err := send(text); err != nil {
				ended <- err
				return err
			}
			if sent.Add(size) > most {
				err := errors.New("nobody holds it up")
				ended <- err
				return err
			}
		}
	}), Options{}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", url+"/m_stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	for before := int64(-1); before != sent.Load(); { // until it stands still
		before = sent.Load()
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	_ = r.Body.Close()
	select {
	case err := <-ended:
		if code := serve.CodeOf(err); code != serve.Canceled {
			t.Errorf("it ended with %v (%v) behind %d bytes", err, code, sent.Load())
		}
	case <-time.After(2 * time.Minute):
		t.Error("it goes on without a client")
	}
}

// TestEventsDeadline has a stream that has not begun in time be answered with 504, and
// what is sent later refused.
func TestEventsDeadline(t *testing.T) {
	late := make(chan struct{})
	refused := make(chan error, 1)
	url := reached(t, New(streamer(func(_ context.Context, send func(string) error) error {
		<-late
		err := send("x")
		refused <- err
		return err
	}), Options{Timeout: time.Millisecond}))
	r, err := http.Post(url+"/m_stream", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	close(late)
	if err := <-refused; !errors.Is(err, errLate) || r.StatusCode != 504 {
		t.Errorf("got %d, and %v for what came later", r.StatusCode, err)
	}
}

// reached is the URL of a server of h.
func reached(t *testing.T, h *Handler) string {
	t.Helper()
	_, addr := listen(t, h)
	return "http://" + addr
}
