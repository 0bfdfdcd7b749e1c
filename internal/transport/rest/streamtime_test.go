package rest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/internal/socket"
	"github.com/leat-ml/leat/serve"
)

const askStream = "POST /m_stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"

// TestStreamEndsLongAfterItsLastEvent has what ends a stream be written although the time
// for its last event is over.
func TestStreamEndsLongAfterItsLastEvent(t *testing.T) {
	h := streamer(func(_ context.Context, send func(string) error) error {
		err := send("x")
		time.Sleep(2 * patience)
		return err
	})
	inBubble(t, h, func(t *testing.T, dial func() net.Conn) {
		c := dial()
		defer c.Close()
		go io.WriteString(c, askStream+askStream)
		var got []byte
		for end := "\r\n0\r\n\r\n"; strings.Count(string(got), end) < 2; { // of a connection that is still good
			b := make([]byte, 1<<10)
			n, err := c.Read(b)
			if err != nil {
				t.Fatalf("%v behind %q", err, got)
			}
			got = append(got, b[:n]...)
		}
	})
}

// TestForbear gives a client of a stream that takes little its time anew, and one that
// takes nothing none.
func TestForbear(t *testing.T) {
	client, server := pair(t)
	own := &conn{Conn: server, from: newListener(nil)}
	if _, ok := socket.Untaken(own.Conn); !ok {
		t.Log("this system does not tell what a client has taken")
		return
	}
	at := func(d time.Duration) int64 { return time.Unix(1000, 0).Add(d).UnixNano() }
	own.streams.Store(true)
	written := make(chan error, 1)
	go func() {
		var err error
		for text := make([]byte, 100); err == nil; {
			_, err = own.Write(text)
		}
		written <- err
	}()
	_ = client.SetReadDeadline(time.Now().Add(time.Minute)) // rather than hang
	now := time.Duration(0)
	_ = own.SetWriteDeadline(time.Unix(0, at(patience)))
	for range 5 {
		now += patience - time.Second
		for own.write.at != at(now+patience) { // it takes a little, until a sweep sees so: one that comes when as much was written again does not
			if _, err := io.CopyN(io.Discard, client, 1<<10); err != nil {
				t.Fatal(err)
			}
			own.expire(at(now))
		}
	}
	select {
	case err := <-written:
		t.Fatalf("ended although the client takes something: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	for { // it takes nothing; what the system still moves comes to an end
		now += 2 * patience
		own.expire(at(now))
		select {
		case err := <-written:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pair is a connection between two ends.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// TestShutdownEndsStreams tells the clients of requests that are served to the end of a
// shutdown why they are ended.
func TestShutdownEndsStreams(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		if to := ev.Sink(); to != nil {
			if err := to.Send(serve.ValueBody("x")); err != nil {
				return nil, err
			}
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for ask, want := range map[string]string{
		askStream: "data: \"x\"\n\n\r\n2f\r\ndata: {\"error\":\"the server is shutting down\"}\n\n\r\n0\r\n\r\n",
		"POST /m HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n": "\r\n\r\n{\"error\":\"the server is shutting down\"}",
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPipes()
			s := NewServer(New(h, Options{}))
			served := make(chan error)
			go func() { served <- s.Serve(p) }()
			c := p.dial()
			got := make(chan string)
			go func() {
				text, _ := lifetime(c)
				got <- text
			}()
			io.WriteString(c, ask)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			start := time.Now()
			if err := s.Shutdown(ctx, time.Second); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took < 20*time.Second-lastWords || took >= 20*time.Second {
				t.Errorf("it took %v", took)
			}
			if text := <-got; !strings.HasSuffix(text, want) {
				t.Errorf("%.12q: got %q, want %q at the end", ask, text, want)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	}
}
