package load

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const ok = "HTTP/1.1 200 OK\r\n"

func TestReaderNext(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	tests := []struct {
		name, text string
		want       []Response
	}{
		{"length", ok + "Content-Length: 5\r\n\r\nhello", []Response{{Status: 200, Body: []byte("hello")}}},
		{"pipelined", ok + "Content-Length: 1\r\n\r\na" + ok + "content-length:2\r\nX: y\r\n\r\nbc", []Response{{Status: 200, Body: []byte("a")}, {Status: 200, Body: []byte("bc")}}},
		{"bare line feeds", "HTTP/1.0 404 Not Found\nContent-Length: 0\n\n", []Response{{Status: 404}}},
		{"no reason", "HTTP/1.1 503\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", []Response{{Status: 503, Close: true}}},
		{"chunked", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;ext=1\r\n, worldly!\r\n0\r\nTrailer: x\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nz", []Response{{Status: 200, Body: []byte("hello, worldly!")}, {Status: 200, Body: []byte("z")}}},
		{"empty chunked", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []Response{{Status: 200}}},
		{"larger than the buffer", ok + "Content-Length: 10000\r\n\r\n" + long, []Response{{Status: 200, Body: []byte(long)}}},
		{"large chunk", ok + "Transfer-Encoding: chunked\r\n\r\n2710\r\n" + long + "\r\n1\r\ny\r\n0\r\n\r\n", []Response{{Status: 200, Body: []byte(long + "y")}}},
		{"interim and bodiless", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", []Response{{Status: 204}}},
	}
	for _, tt := range tests {
		for how, src := range map[string]io.Reader{"at once": strings.NewReader(tt.text), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.text))} {
			t.Run(tt.name+" "+how, func(t *testing.T) {
				rd := NewReader(src)
				for _, want := range tt.want {
					got, err := rd.Next()
					if err != nil || got.Status != want.Status || string(got.Body) != string(want.Body) || got.Close != want.Close {
						t.Fatalf("got %+v, %v, want %+v", got, err, want)
					}
				}
				if _, err := rd.Next(); !errors.Is(err, io.EOF) {
					t.Errorf("at the end: %v, want EOF", err)
				}
			})
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	tests := map[string]error{
		"HTTP":                                                 io.ErrUnexpectedEOF,
		"HTTP/2.0 200 OK\r\n\r\n":                              errHead,
		"SSH-2.0-OpenSSH_9.9p1\r\n":                            errHead,
		"HTTP/1.1 2x0 OK\r\n\r\n":                              errHead,
		"HTTP/1.1 009 OK\r\n\r\n":                              errHead,
		ok + "no colon\r\n\r\n":                                errHead,
		ok + "\r\n":                                            nil,
		ok + "Content-Length: -1\r\n\r\n":                      errHead,
		ok + "Content-Length: 9999999999999\r\n\r\n":           errHead,
		ok + "Content-Length: 1000000000\r\n\r\n":              errTooLong,
		ok + "Content-Length: 5\r\n\r\nhell":                   io.ErrUnexpectedEOF,
		ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n":       errHead,
		ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n":   errChunk,
		ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na":        io.ErrUnexpectedEOF,
		ok + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\na": errTooLong,
		ok + strings.Repeat("A: b\r\n", maxHead):               errTooLong,
		ok + "A: " + strings.Repeat("b", 2*maxHead):            errTooLong,
		ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", maxHead): errTooLong,
	}
	for text, want := range tests {
		resp, err := NewReader(strings.NewReader(text)).Next()
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%.60q: got %+v, error %v, want %v", text, resp.Status, err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(ok + "Content-Length: 5\r\n\r\nhello"))
	f.Add([]byte(ok + "Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: x\r\n\r\nHTTP/1.1 204 \r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		outcome := func(src io.Reader) (s string) {
			rd := NewReader(src)
			for {
				resp, err := rd.Next()
				s += fmt.Sprintf("%d %q %v\n", resp.Status, resp.Body, err != nil)
				if err != nil {
					return s
				}
				if cap(rd.buf)+cap(rd.body) > 4*len(text)+1<<14 {
					t.Fatalf("%d bytes came, %d are held", len(text), cap(rd.buf)+cap(rd.body))
				}
			}
		}
		whole := outcome(strings.NewReader(string(text)))
		if split := outcome(iotest.OneByteReader(strings.NewReader(string(text)))); split != whole {
			t.Errorf("at once:\n%s\nbyte by byte:\n%s", whole, split)
		}
	})
}
