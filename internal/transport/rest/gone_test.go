package rest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/serve"
)

// An untilGone serves requests until their context ends.
type untilGone struct{ life atomic.Int64 } // of the last one, in ns

func (u *untilGone) Serve(ctx context.Context, _ *serve.Event) (*serve.Event, error) {
	start := time.Now()
	<-ctx.Done()
	u.life.Store(int64(time.Since(start)))
	return nil, serve.Errorf(serve.Canceled, "", "nobody waits")
}

// taking answers after the time that the body names.
func taking(_ context.Context, ev *serve.Event) (*serve.Event, error) {
	raw, _ := ev.Body.Raw()
	d, err := time.ParseDuration(string(raw))
	if err != nil {
		return nil, err
	}
	time.Sleep(d)
	return ev, nil
}

const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "

func TestClientGoes(t *testing.T) {
	var u untilGone
	inBubble(t, &u, func(t *testing.T, dial func() net.Conn) {
		for _, after := range []time.Duration{0, time.Millisecond, time.Minute} {
			c := dial()
			io.WriteString(c, post+"1\r\n\r\nx")
			time.Sleep(after)
			u.life.Store(-1)
			c.Close()
			time.Sleep(2 * lookInterval)
			synctest.Wait()
			if life := time.Duration(u.life.Load()); life < after || life > after+2*lookInterval {
				t.Errorf("the client goes after %v, its request ends after %v", after, life)
			}
		}
	})
}

// TestServerGoes closes connections whose requests are served: were they to be served
// on, the test would not end.
func TestServerGoes(t *testing.T) {
	var u untilGone
	inBubble(t, &u, func(t *testing.T, dial func() net.Conn) {
		for _, after := range []time.Duration{0, time.Minute} { // whether somebody watches the client or not
			io.WriteString(dial(), post+"1\r\n\r\nx")
			time.Sleep(after)
		}
	})
}

// TestRequestsBehind sends requests one behind the other on a connection, some of which
// come while a client is watched.
func TestRequestsBehind(t *testing.T) {
	inBubble(t, handlerFunc(taking), func(t *testing.T, dial func() net.Conn) {
		for _, apart := range []time.Duration{0, lookInterval / 2, 3 * lookInterval} {
			c := dial()
			wants := []string{"1ns", "500ms", "10s", "0s", "1ms", "300ms"}
			go func() {
				for _, w := range wants {
					io.WriteString(c, post+string(rune('0'+len(w)))+"\r\n\r\n"+w)
					time.Sleep(apart)
				}
			}()
			for r := bufio.NewReader(c); len(wants) > 0; wants = wants[1:] {
				resp, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(resp.Body); string(got) != wants[0] || err != nil {
					t.Errorf("%q, %v, want %q", got, err, wants[0])
				}
			}
			c.Close()
		}
	})
}

// TestQuickRequests sends some that nobody has to watch.
func TestQuickRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := newListener(p)
		s := NewServer(New(handlerFunc(taking), Options{CompressFrom: -1}))
		served := make(chan error)
		go func() { served <- s.http.Serve(l) }()
		c := p.dial()
		r := bufio.NewReader(c)
		for range 50 {
			io.WriteString(c, post+"3\r\n\r\n9ms")
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			for own := range l.conns {
				own.mu.Lock()
				if own.watch != nil {
					t.Fatal("the client of a quick request is watched")
				}
				own.mu.Unlock()
			}
		}
		if got := l.looks.Load(); got == 0 || got > 50*9/25+1 {
			t.Errorf("%d looks in 450 ms", got)
		}
		time.Sleep(time.Minute)
		if got := l.looks.Load(); got > 50*9/25+3 {
			t.Errorf("%d looks, some while nothing was served", got)
		}
		c.Close()
		s.http.Close()
		<-served
	})
}

// TestHeaderByTheByte has net/http read a header whose next byte alone has room.
func TestHeaderByTheByte(t *testing.T) {
	inBubble(t, handlerFunc(echo), func(t *testing.T, dial func() net.Conn) {
		for _, first := range []int{1, 2, 4094, 4095, 4096, 4097, 8191} {
			c := dial()
			text := "POST /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
			go func() {
				io.WriteString(c, text[:first])
				time.Sleep(time.Second)
				io.WriteString(c, text[first:])
			}()
			if read, _ := lifetime(c); !strings.HasPrefix(read, "HTTP/1.1 200 ") {
				t.Errorf("%d bytes first: %.100q", first, read)
			}
		}
	})
}
