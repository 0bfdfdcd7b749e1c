package readahead

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestGreetings: a request of HTTP/1.1 is told which port this is, and of everything else
// all that came is there to be read.
func TestGreetings(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, test := range []struct {
		begin string
		http1 bool
	}{
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false},
		{"P", false},
		{"PRI", false},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", false},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false}, // of TLS
		{"hello there", false},
		{" GET", false},
		{"GET / HTTP/1.1\r\n\r\n", true},
		{"PRINT /a/b HTTP/1.1\r\n\r\n", true},
		{"POST /v2/models/m/infer HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", true},
		{"PROPPATCH /long/methods HTTP/1.1\r\n\r\n", true},
		{"OPTIONS", true},
	} {
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		near, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(far, test.begin); err != nil {
			t.Fatal(err)
		}
		if err := far.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c, _, err := NewCredentials().ServerHandshake(near)
		if errors.Is(err, errHTTP1) != test.http1 || !test.http1 && err != nil {
			t.Errorf("%q: error %v", test.begin, err)
		}
		if !test.http1 {
			if got, err := io.ReadAll(c); string(got) != test.begin || err != nil {
				t.Errorf("%q: %q can be read, %v", test.begin, got, err)
			}
		}
		near.Close()
		answer, err := io.ReadAll(far)
		if err != nil || test.http1 != strings.HasPrefix(string(answer), "HTTP/1.1 505 ") || !test.http1 && len(answer) > 0 {
			t.Errorf("%q is answered with %q, %v", test.begin, answer, err)
		}
		far.Close()
	}
}

// TestWrongPort asks by a client of HTTP/1.1.
func TestWrongPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		near, err := l.Accept()
		if err == nil {
			_, _, err = NewCredentials().ServerHandshake(near)
			near.Close()
		}
		done <- err
	}()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post("http://"+l.Addr().String()+"/v2/models/m/infer", "application/json", strings.NewReader(strings.Repeat("x", 100<<10)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 505 || !strings.Contains(string(body), "this port speaks gRPC") {
		t.Errorf("%d %q, %v", resp.StatusCode, body, err)
	}
	client.CloseIdleConnections()
	if err := <-done; !errors.Is(err, errHTTP1) {
		t.Error(err)
	}
}
