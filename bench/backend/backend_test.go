package backend

import (
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
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, body := range []string{"{}", "", strings.Repeat("x", 100_000), `{"a":1}`} {
		resp, err := client.Post(url+"/any", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != body || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%d bytes: %d %d bytes, %v", len(body), resp.StatusCode, len(got), err)
		}
	}
	resp, err := client.Get(url + CountPath)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "1" || s.Opened() != 1 {
		t.Errorf("%s connections, %v", got, err)
	}
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
