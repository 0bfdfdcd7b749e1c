package backend

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func serve(t *testing.T) (s *Server, url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = &Server{}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, "http://" + l.Addr().String()
}

func TestServer(t *testing.T) {
	s, url := serve(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for _, body := range []string{"{}", "", strings.Repeat("x", 100_000), `{"a":1}`} {
		resp, got := ask(t, c, in, http.MethodPost, url+"/any", body)
		if got != body || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%d bytes: %d %d bytes", len(body), resp.StatusCode, len(got))
		}
	}
	if _, got := ask(t, c, in, http.MethodGet, url+CountPath, ""); got != "1" || s.Opened() != 1 {
		t.Errorf("%s connections", got)
	}
}

// ask asks on one connection: a client of net/http takes another where the machine is
// too busy to tell it in time that one is free.
func ask(t *testing.T, c net.Conn, in *bufio.Reader, method, url, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := req.Write(c); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got)
}

func TestWrongRequests(t *testing.T) {
	_, url := serve(t)
	for _, text := range []string{
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
		"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\n" + strings.Repeat("x", 20_000),
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text)
		if got, _ := io.ReadAll(c); len(got) > 0 {
			t.Errorf("%.40q: got %s", text, got)
		}
		c.Close()
	}
}

func TestSlow(t *testing.T) {
	s, url := serve(t)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]bool{SlowPath: true, FastPath: false} {
		resp, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if s.slow.Load() != want {
			t.Errorf("%s: slow is %v", path, !want)
		}
	}
}
