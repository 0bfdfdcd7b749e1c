package readahead

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"

	"google.golang.org/grpc/mem"
	"pgregory.net/rapid"
)

// strict is a pool whose memory is longer than what is asked for, and spoilt once it is
// back. It complains of memory that comes back twice, or is not its own.
type strict struct {
	t   fataler
	out map[*[]byte]bool
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (p *strict) Get(n int) *[]byte {
	b := make([]byte, n+100)
	p.out[&b] = true
	return &b
}

func (p *strict) Put(b *[]byte) {
	if !p.out[b] {
		p.t.Fatalf("memory came back that was not out")
	}
	delete(p.out, b)
	for i := range *b {
		(*b)[i] = 0xee
	}
}

// A fixed is the pool by which grpc-go reads to where a frame stays.
type fixed struct{ b []byte }

func (f *fixed) Get(int) *[]byte { return &f.b }
func (f *fixed) Put(*[]byte)     {}

// A buffered reads as grpc-go's bufReadyReader does.
type buffered struct {
	r    reader
	pool mem.BufferPool
	size int
	buf  *[]byte
	at   []byte // of buf
	to   fixed
}

func (b *buffered) Read(p []byte) (int, error) {
	if len(b.at) == 0 && len(p) >= b.size {
		b.to.b = p
		_, n, err := b.r.ReadOnReady(len(p), &b.to)
		return n, err
	}
	if len(b.at) == 0 {
		var n int
		var err error
		if b.buf, n, err = b.r.ReadOnReady(b.size, b.pool); n == 0 {
			return 0, err
		}
		b.at = (*b.buf)[:n]
	}
	n := copy(p, b.at)
	if b.at = b.at[n:]; len(b.at) == 0 {
		b.pool.Put(b.buf)
	}
	return n, nil
}

// connect is a connection that reads ahead and the other end of it.
func connect(t fataler) (*Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatalf("%v", err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return Over(near).(*Conn), far
}

// frames are frames of those sizes, whose bytes all differ from their neighbours'.
func frames(sizes []int) (all []byte) {
	for i, n := range sizes {
		all = append(all, byte(n>>16), byte(n>>8), byte(n), 0, byte(i))
		all = binary.BigEndian.AppendUint32(all, uint32(i)) //nolint:gosec // few
		for j := range n {
			all = append(all, byte(i+j+j>>8))
		}
	}
	return all
}

// arrive sends frames in pieces, reads them as grpc-go does by a buffer of a size, and
// holds what is read against what was sent.
func arrive(t fataler, sizes []int, buffer int, piece func(left int) int) {
	t.Helper()
	c, far := connect(t)
	defer c.Close()
	sent := frames(sizes)
	go func() {
		defer far.Close()
		for rest := sent; len(rest) > 0; {
			n := piece(len(rest))
			if _, err := far.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	pool := &strict{t, map[*[]byte]bool{}}
	b := &buffered{r: c, pool: pool, size: buffer}
	var got []byte
	for range sizes {
		var head [header]byte
		if _, err := io.ReadFull(b, head[:]); err != nil {
			t.Fatalf("behind %d bytes of %d: %v", len(got), len(sent), err)
		}
		p := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		got = append(got, head[:]...)
		if _, err := io.ReadFull(b, p); err != nil {
			t.Fatalf("behind %d bytes of %d: %v", len(got), len(sent), err)
		}
		got = append(got, p...)
		if !bytes.Equal(got, sent[:len(got)]) {
			t.Fatalf("the first %d bytes are others than were sent", len(got))
		}
	}
	if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("behind the end: %d bytes, %v", n, err)
	}
	if len(pool.out) > 0 {
		t.Fatalf("%d buffers of the pool were not given back", len(pool.out))
	}
}

// TestFramesArrive has any frames come in any pieces, to buffers of any size.
func TestFramesArrive(t *testing.T) {
	size := rapid.OneOf(rapid.IntRange(0, 16<<10), rapid.SampledFrom([]int{0, 1, 9, 2038, 2039, 2040, 2047, 2048, 4087, 4095, 4096, 4097, 6135, 6143, 16375, 16383, 16384}))
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(size, 1, 30).Draw(t, "frames")
		buffer := rapid.SampledFrom([]int{1, 16, 2 << 10, large, 32 << 10}).Draw(t, "buffer")
		most := rapid.SampledFrom([]int{100, 1500, 16 << 10, 16393, 64 << 10}).Draw(t, "piece")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		arrive(t, sizes, buffer, func(left int) int { return min(1+random.IntN(most), left) })
	})
}

// FuzzFramesArrive is TestFramesArrive with sizes of frames and of pieces by turns.
func FuzzFramesArrive(f *testing.F) {
	f.Add([]byte{0x40, 0, 0x40, 9, 0x40, 0, 0, 3})
	f.Add([]byte{0x10, 0, 0x10, 12, 0x10, 0, 0x10, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var sizes, pieces []int
		for ; len(data) >= 4 && len(sizes) < 20; data = data[4:] {
			sizes = append(sizes, int(binary.BigEndian.Uint16(data))%(16<<10+1))
			pieces = append(pieces, 1+int(binary.BigEndian.Uint16(data[2:])))
		}
		next := -1
		arrive(t, sizes, 2<<10, func(left int) int {
			next++
			return min(pieces[next%len(pieces)]+next/len(pieces)*64, left)
		})
	})
}

// TestHoldsNothing: whoever waits for the rest of a frame refers to no memory of a pool.
func TestHoldsNothing(t *testing.T) {
	c, far := connect(t)
	defer c.Close()
	defer far.Close()
	pool := &strict{t, map[*[]byte]bool{}}
	c.size, c.pool = large, pool
	err := c.raw.Read(func(fd uintptr) bool {
		if c.attempt(fd) {
			t.Error("something was read")
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.buf != nil || c.parts != [2]syscall.Iovec{} || len(pool.out) > 0 {
		t.Errorf("it holds %v and %v, and %d are out", c.buf, c.parts, len(pool.out))
	}
}

// TestCopied: what is kept is not lost to who copies from the connection.
func TestCopied(t *testing.T) {
	c, far := connect(t)
	defer c.Close()
	if _, err := far.Write(append(make([]byte, large), "123456789rest"...)); err != nil {
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	pool := &strict{t, map[*[]byte]bool{}}
	for left := large; left > 0; {
		_, n, err := c.ReadOnReady(left, pool)
		if err != nil {
			t.Fatal(err)
		}
		left -= n
	}
	var rest bytes.Buffer
	if _, err := io.Copy(&rest, net.Conn(c)); err != nil || rest.String() != "123456789rest" {
		t.Errorf("copied %q, %v", rest.String(), err)
	}
}
