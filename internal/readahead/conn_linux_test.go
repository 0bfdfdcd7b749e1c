package readahead

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc/mem"

	"github.com/leat-ml/leat/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A reader is what grpc-go looks for in a connection.
type reader interface {
	ReadOnReady(size int, pool mem.BufferPool) (*[]byte, int, error)
}

// pair is a connection that reads ahead and the other end of it.
func pair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := Over(near)
	t.Cleanup(func() { c.Close() })
	return c, far
}

// counted is a pool that counts what is out.
type counted struct{ out int }

func (p *counted) Get(n int) *[]byte { p.out++; b := make([]byte, n); return &b }
func (p *counted) Put(*[]byte)       { p.out-- }

// TestReadsEverythingInOrder reads what was written in reads of all sizes, by both ways
// of reading, and holds the sizes and the memory against what was asked for.
func TestReadsEverythingInOrder(t *testing.T) {
	c, far := pair(t)
	r := c.(reader)
	random := rand.New(rand.NewPCG(1, 2))
	sent := make([]byte, 3<<20)
	for i := range sent {
		sent[i] = byte(random.Uint32())
	}
	go func() {
		defer far.Close()
		for rest := sent; len(rest) > 0; {
			n := min(1+random.IntN(60<<10), len(rest))
			if _, err := far.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	var got []byte
	pool, sizes := new(counted), rand.New(rand.NewPCG(3, 4))
	for {
		size := []int{1, 5, header, 2 << 10, large - 1, large, 16 << 10, 14345}[sizes.IntN(8)]
		var n int
		var err error
		if sizes.IntN(4) == 0 {
			p := make([]byte, size)
			n, err = c.Read(p)
			got = append(got, p[:n]...)
		} else {
			var b *[]byte
			if b, n, err = r.ReadOnReady(size, pool); b != nil {
				got = append(got, (*b)[:n]...)
				pool.Put(b)
			}
		}
		if n > size {
			t.Fatalf("a read of %d bytes gave %d", size, n)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		if n == 0 {
			t.Fatal("a read gave nothing and no error")
		}
	}
	if !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes were read of %d, or others", len(got), len(sent))
	}
	if pool.out != 0 {
		t.Errorf("%d buffers of the pool were not given back", pool.out)
	}
}

// TestHeaderComesWithTheFrame shows that the nine bytes behind a large read are there
// without another call: the connection has been closed underneath by then.
func TestHeaderComesWithTheFrame(t *testing.T) {
	c, far := pair(t)
	r := c.(reader)
	sent := bytes.Repeat([]byte("x"), large)
	sent = append(sent, "123456789rest"...)
	if _, err := far.Write(sent); err != nil {
		t.Fatal(err)
	}
	pool := new(counted)
	b, n, err := r.ReadOnReady(large, pool)
	for total := n; err == nil && total < large; total += n { // it came in pieces
		b, n, err = r.ReadOnReady(large-total, pool)
	}
	if err != nil || b == nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	b, n, err = r.ReadOnReady(2<<10, pool)
	if err != nil || string((*b)[:n]) != "123456789" {
		t.Fatalf("what was kept is %q, %v", (*b)[:n], err)
	}
	if _, _, err = r.ReadOnReady(2<<10, pool); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read of what is closed: %v", err)
	}
}

// TestDeadlineAndReset has reads end as those of any connection do, with the pool's memory
// given back.
func TestDeadlineAndReset(t *testing.T) {
	c, far := pair(t)
	r := c.(reader)
	pool := new(counted)
	if err := c.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.ReadOnReady(large, pool); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("behind the deadline: %v", err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := far.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	var failed *net.OpError
	if _, _, err := r.ReadOnReady(large, pool); !errors.As(err, &failed) || failed.Op != "read" {
		t.Errorf("of a connection that was reset: %v", err)
	}
	if pool.out != 0 {
		t.Errorf("%d buffers of the pool were not given back", pool.out)
	}
}

// TestOnlyTCP leaves connections alone that it does not know.
func TestOnlyTCP(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if Over(a) != a {
		t.Error("a pipe is read ahead")
	}
}
