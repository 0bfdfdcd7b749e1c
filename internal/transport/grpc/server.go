package grpc

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gogrpc "google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/leat-ml/leat/serve"
)

// What connections may take. Windows are what a client may send before it is
// read: as much as a large tensor, so that it comes without waiting for us.
const (
	streamWindow  = 4 << 20
	connWindow    = 16 << 20
	readBuffer    = 128 << 10
	writeBuffer   = 128 << 10
	maxStreams    = 1000 // of one connection at a time
	maxHeader     = 64 << 10
	handshakeTime = 10 * time.Second
	pingAfter     = time.Minute // of silence, to find out who has gone
	pingTimeout   = 20 * time.Second
	mostPings     = 5 * time.Second // between those of a client
)

// The states of a Server, in their order.
const (
	open int32 = iota
	refusing
)

// A Server serves gRPC by a [serve.Handler]. It is safe for concurrent use.
type Server struct {
	next serve.Handler
	host Host
	opts Options
	rpc  *gogrpc.Server

	state   atomic.Int32
	closing chan struct{} // closed when requests are refused: streams end
	once    sync.Once     // closes it

	readers sync.WaitGroup // of streams
	late    sync.WaitGroup // handlers that may be late
}

// New returns a server by next.
func New(next serve.Handler, host Host, o Options) *Server {
	if o.MaxMessage <= 0 {
		o.MaxMessage = DefaultMaxMessage
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{next: next, host: host, opts: o, closing: make(chan struct{})}
	s.rpc = gogrpc.NewServer(
		gogrpc.ForceServerCodecV2(newCodec()),
		gogrpc.MaxRecvMsgSize(int(min(o.MaxMessage+framing, math.MaxInt32))),
		gogrpc.StaticStreamWindowSize(streamWindow), gogrpc.StaticConnWindowSize(connWindow),
		gogrpc.ReadBufferSize(readBuffer), gogrpc.WriteBufferSize(writeBuffer), gogrpc.SharedWriteBuffer(true),
		gogrpc.MaxConcurrentStreams(maxStreams), gogrpc.MaxHeaderListSize(maxHeader), gogrpc.ConnectionTimeout(handshakeTime),
		gogrpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout}),
		gogrpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: mostPings, PermitWithoutStream: true}),
		gogrpc.UnknownServiceHandler(s.unknown),
	)
	s.rpc.RegisterService(s.inference(), s)
	s.rpc.RegisterService(s.repository(), s)
	healthpb.RegisterHealthServer(s.rpc, &health{s: s})
	reflection.Register(s.rpc)
	return s
}

func (s *Server) ready() bool { return s.state.Load() == open && s.host.Ready() == nil }

// unknown answers calls of methods that nobody serves.
func (s *Server) unknown(_ any, stream gogrpc.ServerStream) error {
	name, _ := gogrpc.MethodFromServerStream(stream)
	c := s.begin(stream.Context(), &method{s: s, service: "unknown", name: "unknown"})
	if strings.Contains(name, "SharedMemory") {
		return c.end(serve.Errorf(serve.NotOffered, "", "shared memory is not offered: tensors are sent in the message"))
	}
	return c.end(serve.Errorf(serve.NotOffered, "", "there is no method %s: server reflection lists those there are", valid(name)))
}

// Serve accepts connections from l, which it closes in the end. It returns nil
// after Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.rpc.Serve(l); !errors.Is(err, gogrpc.ErrServerStopped) {
		return err
	}
	return nil
}

// Shutdown serves on for the grace period, so that whoever balances the load
// sees that the server is not ready any more, then refuses new requests, ends
// streams, and waits for those in flight. When ctx ends first it closes their
// connections, which cancels their contexts, and returns the context's error.
func (s *Server) Shutdown(ctx context.Context, grace time.Duration) error {
	wait := time.NewTimer(grace)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	s.state.Store(refusing)
	s.once.Do(func() { close(s.closing) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.rpc.GracefulStop()
		s.readers.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.rpc.Stop() // which lets GracefulStop return
		return ctx.Err()
	}
}
