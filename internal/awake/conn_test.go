//go:build unix

package awake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// patient is a vigil for which every request comes soon, however busy the machine is.
func patient() *Vigil { return &Vigil{began: time.Now(), longest: time.Hour, stolen: time.Hour} }

// pair is a connection of the vigil and its client.
func pair(t *testing.T, v *Vigil, k Kind) (*conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	c, err := v.Listen(l, k).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*conn), client
}

// ask has the client ask, and the server answer from the reading goroutine.
func ask(t *testing.T, c net.Conn, client net.Conn, text string) {
	t.Helper()
	b := make([]byte, 64)
	if _, err := client.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read(b)
	if err != nil || string(b[:n]) != text {
		t.Fatalf("the server read %q, %v, not %q", b[:n], err, text)
	}
	if _, err := c.Write(b[:n]); err != nil {
		t.Fatal(err)
	}
	if n, err = client.Read(b); err != nil || string(b[:n]) != text {
		t.Fatalf("the client read %q, %v, not %q", b[:n], err, text)
	}
}

func TestTurns(t *testing.T) {
	c, client := pair(t, patient(), Turns)
	for range 3 * enough {
		ask(t, c, client, "request")
	}
	if !c.rhythm.quick(c.vigil.now()) {
		t.Errorf("requests came soon, but the connection does not wait awake: %+v", c.rhythm)
	}
}

// TestDuplex reads in one goroutine and answers in another, as servers of HTTP/2 do.
func TestDuplex(t *testing.T) {
	c, client := pair(t, patient(), Duplex)
	requests := make(chan []byte)
	ended := make(chan error, 1)
	go func() {
		defer close(requests)
		for {
			b := make([]byte, 64)
			n, err := c.Read(b)
			if err != nil {
				ended <- err
				return
			}
			requests <- b[:n]
		}
	}()
	go func() {
		for b := range requests {
			time.Sleep(50 * time.Microsecond) // some find the reader asleep, and some do not
			_, _ = c.Write(b)                 // what went wrong, the client sees
		}
	}()
	b := make([]byte, 64)
	for i := range 500 {
		text := strings.Repeat("x", 1+i%60)
		if _, err := client.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if n, err := io.ReadFull(client, b[:len(text)]); err != nil {
			t.Fatalf("answer %d: %d bytes, %v", i, n, err)
		}
	}
	client.Close()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("the reader ended with %v", err)
	}
	if c.rhythm.soon < enough {
		t.Errorf("requests came soon, but the connection does not wait awake: %+v", c.rhythm)
	}
}

func TestOthersEndIt(t *testing.T) {
	v := patient()
	a, clientOfA := pair(t, v, Turns)
	b, clientOfB := pair(t, v, Turns)
	for range 2 * enough {
		ask(t, a, clientOfA, "a")
	}
	for range 2 * enough { // by turns, neither gets into its stride
		ask(t, b, clientOfB, "b")
		ask(t, a, clientOfA, "a")
		if a.rhythm.soon != 0 || b.rhythm.soon != 0 {
			t.Fatalf("two connections are asked by turns, and one waits awake: %+v, %+v", a.rhythm, b.rhythm)
		}
	}
}

func TestInVain(t *testing.T) {
	v := New()
	c, client := pair(t, v, Turns)
	v.latest.Store(c)
	c.rhythm.soon = enough
	c.answered.Store(1)
	type result struct {
		n   int
		err error
	}
	read := make(chan result)
	go func() {
		n, err := c.Read(make([]byte, 8))
		read <- result{n, err}
	}()
	time.Sleep(10 * longest) // most likely it has given up by now; either way it reads
	if _, err := client.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	if r := <-read; r.n != 4 || r.err != nil {
		t.Errorf("Read returned %d, %v", r.n, r.err)
	}
}

// TestDeadline sets deadlines while the reader is woken by answers.
func TestDeadline(t *testing.T) {
	for _, k := range []Kind{Turns, Duplex} {
		c, client := pair(t, patient(), k)
		for range 2 * enough {
			ask(t, c, client, "request")
		}
		c.answered.Store(0) // as if a request had come
		read := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 8))
			read <- err
		}()
		if err := c.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("kind %d: Read returned %v", k, err)
		}
		if err := c.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		ask(t, c, client, "afterwards")
	}
}

func TestNap(t *testing.T) {
	var n nap
	var l limits
	n.disturb(&l)
	if len(l) != 0 || n.over(&l) {
		t.Errorf("who does not sleep is woken: %v", l)
	}
	end := time.Unix(2_000_000_000, 0)
	if err := n.limit(&l, end); err != nil {
		t.Fatal(err)
	}
	n.begin()
	n.disturb(&l)
	n.disturb(&l) // a second answer
	if !n.over(&l) || n.over(&l) {
		t.Error("it does not end once")
	}
	if len(l) != 3 || !l[0].Equal(end) || !l[1].Equal(past) || !l[2].Equal(end) {
		t.Errorf("deadlines were %v", l)
	}
	n.begin()
	n.disturb(&l)
	if err := n.limit(&l, past); err != nil || n.over(&l) {
		t.Errorf("a deadline of the user's is taken for an answer: %v", err)
	}
}

// limits are the deadlines that were set.
type limits []time.Time

func (l *limits) SetReadDeadline(t time.Time) error { *l = append(*l, t); return nil }

func TestClose(t *testing.T) {
	for _, k := range []Kind{Turns, Duplex} {
		c, client := pair(t, patient(), k)
		for range 2 * enough {
			ask(t, c, client, "request")
		}
		c.answered.Store(0)
		read := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 8))
			read <- err
		}()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("kind %d: Read returned %v", k, err)
		}
		if c.vigil.latest.Load() == c {
			t.Error("what is closed is remembered")
		}
	}
}

// TestReset has the client go while it is waited for.
func TestReset(t *testing.T) {
	c, client := pair(t, patient(), Turns)
	for range 2 * enough {
		ask(t, c, client, "request")
	}
	if err := client.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	client.Close()
	_, err := c.Read(make([]byte, 8))
	if op := (*net.OpError)(nil); !errors.As(err, &op) || op.Timeout() {
		t.Errorf("Read returned %v", err)
	}
}

// TestHTTP serves net/http, which reads on while a request is answered, to see the
// client go.
func TestHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside, gone := make(chan struct{}), make(chan struct{})
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			_, _ = io.Copy(io.Discard, r.Body) // net/http watches from its end on
			close(inside)
			<-r.Context().Done()
			close(gone)
			return
		}
		b, _ := io.ReadAll(r.Body) // what is missing, the client sees
		_, _ = w.Write(b)
	})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(patient().Listen(l, Turns)) }()
	url := "http://" + l.Addr().String()
	for i := range 200 {
		want := bytes.Repeat([]byte{byte(i)}, 1+i*i)
		resp, err := http.Post(url, "text/plain", bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("request %d: %d bytes, %v", i, len(got), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/gone", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-inside
		time.Sleep(10 * time.Millisecond) // most likely the reader sleeps by now; either way it hears of it
		cancel()
	}()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("a request that was canceled has an answer")
	}
	<-gone
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
