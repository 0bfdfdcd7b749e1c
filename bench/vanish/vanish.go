// Package vanish has clients of a server go away at any point of a request: what a
// whole request sends is recorded once, and then sent up to some byte by connections
// that break, as if their machine had lost its network, its program or its patience.
//
// [Record] makes a [Recording] of a request over HTTP or gRPC, and [Recording.Leave]
// is one client that goes away.
package vanish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
)

// A Kind is how a request is sent.
type Kind string

// The kinds: JSON, tensors as bytes, JSON that is answered with events, gRPC, and a
// stream of gRPC.
const (
	JSON   Kind = "JSON"
	Binary Kind = "binary"
	Events Kind = "events"
	GRPC   Kind = "gRPC"
	Stream Kind = "gRPC stream"
)

// Kinds are all of them.
var Kinds = []Kind{JSON, Binary, Events, GRPC, Stream}

// A Place is where in a request a client goes away.
type Place string

// The places: before the head of the request is sent, before its body is, when all is
// sent, and when some of the answer has come.
const (
	InHead   Place = "in the head"
	InBody   Place = "in the body"
	Sent     Place = "before the answer"
	InAnswer Place = "in the answer"
)

// Places are all of them.
var Places = []Place{InHead, InBody, Sent, InAnswer}

// A Server is where a server is that is asked.
type Server struct {
	HTTP string // URL
	GRPC string // host:port
}

// A Recording is what a client sends for a request.
type Recording struct {
	kind Kind
	addr string
	sent []byte
	head int // bytes before the body, at most
}

// A tape records what is written to connections.
type tape struct {
	mu   sync.Mutex
	sent []byte
}

type taped struct {
	net.Conn
	tape *tape
}

// Write implements [net.Conn].
func (c *taped) Write(p []byte) (int, error) {
	c.tape.mu.Lock()
	c.tape.sent = append(c.tape.sent, p...)
	c.tape.mu.Unlock()
	return c.Conn.Write(p)
}

func (t *tape) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &taped{c, t}, nil
}

// Record sends a request of a kind and records what it sends. The request has to be
// answered with success.
func Record(ctx context.Context, s Server, kind Kind, req *client.Request) (*Recording, error) {
	t := new(tape)
	ask := recordHTTP
	if kind == GRPC || kind == Stream {
		ask = recordGRPC
	}
	addr, err := ask(ctx, s, kind, req, t)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", kind, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Recording{kind: kind, addr: addr, sent: bytes.Clone(t.sent)}
	if end := bytes.Index(r.sent, []byte("\r\n\r\n")); kind != GRPC && kind != Stream && end > 0 {
		r.head = end + 4
	} else {
		r.head = min(200, len(r.sent)/2) // preface, settings and headers
	}
	return r, nil
}

func recordHTTP(ctx context.Context, s Server, kind Kind, req *client.Request, t *tape) (string, error) {
	transport := &http.Transport{DialContext: t.dial}
	defer transport.CloseIdleConnections()
	opts := &client.Options{Transport: transport, Encoding: client.JSON}
	if kind == Binary {
		opts.Encoding = client.Binary
	}
	c, err := client.New(s.HTTP, opts)
	if err != nil {
		return "", err
	}
	if kind == Events {
		for _, err := range c.InferStream(ctx, req) {
			if err != nil {
				return "", err
			}
		}
	} else if _, err = c.Infer(ctx, req); err != nil {
		return "", err
	}
	return c.URL()[len("http://"):], nil
}

func recordGRPC(ctx context.Context, s Server, kind Kind, req *client.Request, t *tape) (string, error) {
	c, err := clientgrpc.New(s.GRPC, &clientgrpc.Options{Dial: []grpc.DialOption{
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return t.dial(ctx, "tcp", addr) }),
	}})
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if kind == GRPC {
		_, err = c.Infer(ctx, req)
		return c.Address(), err
	}
	st, err := c.Stream(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = st.Close() }()
	for range 3 {
		if err := st.Send(req); err != nil {
			return "", err
		}
		if _, err := st.Recv(); err != nil {
			return "", err
		}
	}
	return c.Address(), nil
}

// patience is how long a client waits for what it is sent, at most.
const patience = 30 * time.Second

// Leave is one client that goes away at a place. It fails only if it could not begin.
func (r *Recording) Leave(ctx context.Context, place Place) error {
	dialer := net.Dialer{Timeout: patience, Control: smallBuffer}
	conn, err := dialer.DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if tcp, ok := conn.(*net.TCPConn); ok && rand.N(2) == 0 {
		_ = tcp.SetLinger(0) // a reset in place of an end
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write(r.sent[:r.cut(place)]); err != nil {
		return nil // the server has closed it: a stream that was sent before its time
	}
	if place == InAnswer {
		_, _ = conn.Read(make([]byte, 1+rand.N(4096)))
	}
	return nil
}

// cut is how much is sent.
func (r *Recording) cut(place Place) int {
	switch place {
	case InHead:
		return 1 + rand.N(r.head-1)
	case InBody:
		return r.head + rand.N(len(r.sent)-r.head)
	}
	return len(r.sent)
}

// smallBuffer has the client take little of an answer, so that the server is still
// writing when it goes.
func smallBuffer(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	return errors.Join(err, set)
}

// All has n clients go away, some at a time, evenly over kinds and places.
func All(ctx context.Context, all []*Recording, n, atATime int) error {
	slots := make(chan struct{}, atATime)
	failures := make(chan error, n)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := all[i%len(all)].Leave(ctx, Places[i/len(all)%len(Places)]); err != nil {
				failures <- err
			}
		})
	}
	wg.Wait()
	close(failures)
	return <-failures
}
