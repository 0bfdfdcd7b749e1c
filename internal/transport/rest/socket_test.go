package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/internal/servertest"
	"github.com/leat-ml/leat/serve"
)

// listen serves h on a socket until the test ends.
func listen(t *testing.T, h *Handler) (*Server, string) {
	t.Helper()
	return listenAt(t, "127.0.0.1:0", h)
}

func listenAt(t *testing.T, at string, h *Handler) (*Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h)
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.http.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// overSocket sends a request as it is and returns all that comes back.
func overSocket(t *testing.T, h *Handler, request string) string {
	t.Helper()
	_, addr := listen(t, h)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestRequestsOnTheWire(t *testing.T) {
	const end = "Connection: close\r\n\r\n"
	upper := handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		raw, _ := ev.Body.Raw()
		ev.Body = serve.ValueBody(ev.Target.Method + " " + strings.ToUpper(string(raw)))
		return ev, nil
	})
	tests := []struct {
		name, request string
		has           []string
		tail          string
	}{
		{"length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + end + "abc", []string{"HTTP/1.1 200 OK\r\n", "Content-Length: 8\r\n"}, "\r\n\r\nPOST ABC"},
		{"chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + end + "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", []string{"200 OK"}, "\r\n\r\nPOST ABC"},
		{"chunked and empty", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n", []string{"200 OK"}, "\r\n\r\nPOST "},
		{"broken chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + end + "zz\r\n", []string{"400 Bad Request", "application/json"}, "}"},
		{"expects", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" + end + "abc", []string{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"}, "\r\n\r\nPOST ABC"},
		{"expects, but too large", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 30000\r\n" + end, []string{"HTTP/1.1 413 "}, `{"error":"the request body is too large"}`},
		{"HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", []string{"HTTP/1.0 200 OK\r\n", "Content-Length: 8\r\n"}, "\r\n\r\nPOST ABC"},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: x\r\n" + end, []string{"200 OK", "Content-Length: 4\r\n"}, "\r\n\r\n"},
		{"two in a row", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\nHost: x\r\n" + end, []string{"POST A"}, "\r\n\r\nGET "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := overSocket(t, New(upper, Options{MaxBody: 20000}), tt.request)
			for _, s := range tt.has {
				if !strings.Contains(got, s) {
					t.Errorf("no %q in %s", s, got)
				}
			}
			if !strings.HasSuffix(got, tt.tail) {
				t.Errorf("does not end in %q: %s", tt.tail, got)
			}
		})
	}
}

func TestBigAnswersAndBodies(t *testing.T) {
	_, addr := listen(t, New(handlerFunc(echo), Options{}))
	client := http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for _, size := range []int{0, 1, autoLength, autoLength + 1, 4 << 10, 1 << 20, 1<<20 + 1, 5 << 20} {
		for _, chunked := range []bool{false, true} {
			body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
			var src io.Reader = bytes.NewReader(body)
			if chunked {
				src = io.MultiReader(src) // hides the length
			}
			resp, err := client.Post("http://"+addr, "", src)
			if err != nil {
				t.Fatal(err)
			}
			back, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(back, body) {
				t.Errorf("%d bytes, chunked %v: got %d, %v", size, chunked, len(back), err)
			}
			if resp.ContentLength != int64(size) {
				t.Errorf("%d bytes: Content-Length %d", size, resp.ContentLength)
			}
		}
	}
}

// TestErrorsAreJSON is statement 17 of the protocol's checklist.
func TestErrorsAreJSON(t *testing.T) {
	codes := map[string]serve.Handler{
		"/404": failing(serve.Errorf(serve.NotFound, "", "no such path")),
		"/405": failing(serve.Errorf(serve.WrongMethod, "", "wrong verb")),
		"/500": panicking("boom"),
	}
	h := New(handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		return codes[ev.Target.Path].Serve(ctx, ev)
	}), Options{MaxBody: 10})
	_, addr := listen(t, h)
	for _, tt := range []struct {
		path, body, coding string
		status             int
	}{
		{"/404", "", "", 404},
		{"/405", "", "", 405},
		{"/413", strings.Repeat("x", 11), "", 413},
		{"/415", "x", "br", 415},
		{"/500", "", "", 500},
	} {
		r, _ := http.NewRequest(http.MethodPost, "http://"+addr+tt.path, strings.NewReader(tt.body))
		if tt.coding != "" {
			r.Header.Set("Content-Encoding", tt.coding)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var e struct {
			Error *string `json:"error"`
		}
		err = json.NewDecoder(resp.Body).Decode(&e)
		resp.Body.Close()
		if err != nil || e.Error == nil || *e.Error == "" || resp.StatusCode != tt.status {
			t.Errorf("%s: got %d, %v", tt.path, resp.StatusCode, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestDisconnect is statement 63: a caller that goes away cancels the work.
func TestDisconnect(t *testing.T) {
	started, ended := make(chan struct{}), make(chan error, 1)
	h := New(handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}), Options{})
	_, addr := listen(t, h)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
	<-started
	c.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("context ended with %v", err)
	}
}

// TestDisconnectWhileSending has a client go away in the middle of its body.
func TestDisconnectWhileSending(t *testing.T) {
	statuses := make(statusChan, 1)
	h := New(handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) {
		t.Error("served a truncated request")
		return nil, nil
	}), Options{Metrics: statuses})
	_, addr := listen(t, h)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\nabc")
	c.Close()
	if s := <-statuses; s != 400 {
		t.Errorf("got %d", s)
	}
}

type statusChan chan int

func (c statusChan) Answered(status int) { c <- status }

func TestShutdown(t *testing.T) {
	grace := 50 * time.Millisecond
	for !shutsDown(t, grace) { // it was over before a request came
		grace *= 4
	}
}

// shutsDown shuts a server down, and says whether the grace period was long enough
// to ask for something in it.
func shutsDown(t *testing.T, grace time.Duration) (soon bool) {
	t.Helper()
	started, release := make(chan struct{}), make(chan struct{})
	h := New(handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if ev.Target.Path == "/slow" {
			close(started)
			<-release
		}
		ev.Body = serve.ValueBody("done")
		return ev, nil
	}), Options{})
	s, addr := listenAt(t, fmt.Sprintf("127.0.0.1:%d", servertest.Port(t)), h) // nobody else takes it once it is closed
	idle, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	in := bufio.NewReader(idle)
	io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.Close || text(t, resp) != "done" {
		t.Fatalf("before: %v, %v", resp, err)
	}
	answered := make(chan string)
	go func() {
		resp, err := http.Get("http://" + addr + "/slow")
		if err != nil {
			answered <- err.Error()
			return
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		answered <- string(b)
	}()
	<-started
	shut := make(chan error)
	go func() { shut <- s.Shutdown(t.Context(), grace) }()
	// In the grace period requests are served and connections asked to close.
	for h.state.Load() == open {
		time.Sleep(time.Millisecond)
	}
	io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(in, nil)
	soon = err == nil || h.state.Load() != refusing
	if soon && (err != nil || !resp.Close) {
		t.Errorf("in the grace period: %v, %v", resp, err)
	}
	for h.state.Load() != refusing {
		time.Sleep(time.Millisecond)
	}
	close(release)
	if body := <-answered; body != "done" {
		t.Errorf("in flight: %q", body)
	}
	if err := <-shut; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("still accepts connections")
	}
	return soon
}

func TestShutdownGivesUp(t *testing.T) {
	started, ended, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	defer close(gone)
	h := New(handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		<-gone
		return nil, ctx.Err()
	}), Options{})
	s, addr := listen(t, h)
	go http.Post("http://"+addr, "", strings.NewReader("x"))
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	<-ended
}
