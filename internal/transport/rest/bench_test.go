package rest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

const inferBody = `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}`

type handlerFunc func(ctx context.Context, ev *serve.Event) (*serve.Event, error)

func (f handlerFunc) Serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	return f(ctx, ev)
}

func echo(_ context.Context, ev *serve.Event) (*serve.Event, error) { return ev, nil }

// bare is the least that a handler over net/http can do: it reads the body into
// a buffer that is used again and writes it back.
func bare() http.Handler {
	pool := sync.Pool{New: func() any { b := make([]byte, 1<<16); return &b }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buf := pool.Get().(*[]byte)
		defer pool.Put(buf)
		n := 0
		for {
			m, err := r.Body.Read((*buf)[n:])
			n += m
			if err != nil {
				break
			}
		}
		w.Header()["Content-Type"] = jsonType
		w.Write((*buf)[:n])
	})
}

type variant struct {
	name string
	h    http.Handler
}

func variants(b *testing.B) []variant {
	log := NewAccessLog(io.Discard, AccessOptions{Mode: AccessAll})
	log.Start()
	b.Cleanup(func() { log.Close() })
	return []variant{
		{"bare", bare()},
		{"rest", New(handlerFunc(echo), Options{})},
		{"rest+timeout", New(handlerFunc(echo), Options{Timeout: time.Second})},
		{"rest+log", New(handlerFunc(echo), Options{Access: log})},
	}
}

// sink is a ResponseWriter that costs next to nothing.
type sink struct{ head http.Header }

func (s *sink) Header() http.Header         { return s.head }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkHandler measures the handler alone: no sockets, no net/http.
func BenchmarkHandler(b *testing.B) {
	for _, v := range variants(b) {
		b.Run(v.name, func(b *testing.B) {
			body := strings.NewReader(inferBody)
			r, _ := http.NewRequest(http.MethodPost, "/v2/models/echo/infer", io.NopCloser(body))
			r.ContentLength = int64(len(inferBody))
			r.Header.Set("Content-Type", "application/json")
			w := &sink{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(inferBody)
				v.h.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkSocket measures client and server over the loopback: the client is
// the same for every variant and costs about as much as the server. Compare the
// CPU times of one run.
func BenchmarkSocket(b *testing.B) {
	for _, v := range variants(b) {
		b.Run(v.name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			if h, ok := v.h.(*Handler); ok {
				srv := NewServer(h)
				go srv.Serve(l)
				defer srv.http.Close()
			} else {
				srv := &http.Server{Handler: v.h}
				go srv.Serve(l)
				defer srv.Close()
			}
			b.ReportAllocs()
			before := cpuTime()
			drive(b, l.Addr().String(), 8)
			b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// drive sends b.N requests over conns connections.
func drive(b *testing.B, addr string, conns int) {
	request := fmt.Sprintf("POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(inferBody), inferBody)
	var wg sync.WaitGroup
	for i := range conns {
		n := b.N / conns
		if i < b.N%conns {
			n++
		}
		wg.Go(func() {
			if err := talk(addr, request, n); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

func talk(addr, request string, n int) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for range n {
		if _, err := io.WriteString(c, request); err != nil {
			return err
		}
		if err := skipAnswer(in); err != nil {
			return err
		}
	}
	return nil
}

func skipAnswer(in *bufio.Reader) error {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if v, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
	}
	_, err := in.Discard(length)
	return err
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
