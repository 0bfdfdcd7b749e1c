package grpc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/experimental"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// What connections may take. Windows are what a client may send before it is
// read: as much as a large tensor, so that it comes without waiting for us. The read buffer
// has small messages whole; of a large frame all but the beginning is read to where it
// stays, without a copy. What is in the write buffer is copied twice, and stays near.
const (
	streamWindow  = 4 << 20
	connWindow    = 16 << 20
	readBuffer    = 2 << 10
	writeBuffer   = 32 << 10
	maxStreams    = 1000 // of one connection at a time
	maxHeader     = 64 << 10
	handshakeTime = 10 * time.Second
	pingAfter     = time.Minute // of silence, to find out who has gone
	pingTimeout   = 20 * time.Second
	mostPings     = 5 * time.Second // between those of a client
	lastWords     = time.Second     // before the end of a shutdown, or a tenth of its time
)

// The states of a Server, in their order.
const (
	serving int32 = iota
	refusing
)

// A Server serves gRPC by a [serve.Handler]. It is safe for concurrent use.
type Server struct {
	next serve.Handler
	host Host
	opts Options

	state   atomic.Int32
	closing chan struct{}   // closed when requests are refused: streams end
	ending  context.Context //nolint:containedctx // ends a little before the time for a shutdown does
	// endStreams ends ending.
	endStreams context.CancelFunc

	mu     sync.Mutex
	rpcs   []*gogrpc.Server // nil before Serve
	crowds []*crowd         // one for each
	frames tensorwire.Frames

	waits   waits          // for messages
	flows   flows          // of answers
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
	if o.Room == nil {
		o.Room = new(oip.Room)
	}
	s := &Server{next: next, host: host, opts: o, closing: make(chan struct{})}
	s.ending, s.endStreams = context.WithCancel(context.Background())
	return s
}

// lanes is how many servers of grpc-go share the connections. Each has memory for frames
// that is good for one connection at a time with large tensors, see
// [tensorwire.Adjacent]: the pool of a server is that of all its connections.
const lanes = 16

// open makes what serves; nil when the server has been shut down.
func (s *Server) open() []*gogrpc.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Load() == refusing {
		return nil
	}
	if s.rpcs == nil {
		s.rpcs = make([]*gogrpc.Server, lanes)
		for i := range s.rpcs {
			s.rpcs[i] = s.lane()
		}
	}
	return s.rpcs
}

// lane is a server of grpc-go, with everything that is served.
func (s *Server) lane() *gogrpc.Server {
	adjacent := tensorwire.NewAdjacent(&s.frames, s.opts.Room)
	office := s.newOffice(newCodec(s.opts.Room, adjacent, int(s.opts.MaxMessage)))
	rpc := gogrpc.NewServer(
		gogrpc.ForceServerCodecV2(office.codec),
		gogrpc.MaxRecvMsgSize(office.most),
		gogrpc.StaticStreamWindowSize(streamWindow), gogrpc.StaticConnWindowSize(connWindow),
		gogrpc.ReadBufferSize(readBuffer), gogrpc.WriteBufferSize(writeBuffer), gogrpc.Creds(s.flows.credentials()),
		experimental.BufferPool(adjacent),
		gogrpc.MaxConcurrentStreams(maxStreams), gogrpc.MaxHeaderListSize(maxHeader), gogrpc.ConnectionTimeout(handshakeTime),
		gogrpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingTimeout}),
		gogrpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: mostPings, PermitWithoutStream: true}),
		gogrpc.NumStreamWorkers(2), // goroutines whose stacks have grown already: one may have answered and not be back
		gogrpc.UnknownServiceHandler(s.unknown),
	)
	rpc.RegisterService(s.inference(office), s)
	rpc.RegisterService(s.repository(office), s)
	healthpb.RegisterHealthServer(registrar{rpc, office}, &health{s: s})
	reflection.Register(registrar{rpc, office})
	return rpc
}

func (s *Server) ready() bool { return s.state.Load() == serving && s.host.Ready() == nil }

// unknown answers calls of methods that nobody serves.
func (s *Server) unknown(_ any, stream gogrpc.ServerStream) error {
	name, _ := gogrpc.MethodFromServerStream(stream)
	c := s.begin(stream.Context(), &method{s: s, service: "unknown", name: "unknown"}, new(call))
	if strings.Contains(name, "SharedMemory") {
		return c.end(serve.Errorf(serve.NotOffered, "", "shared memory is not offered: tensors are sent in the message"))
	}
	return c.end(serve.Errorf(serve.NotOffered, "", "there is no method %s: server reflection lists those there are", valid(name)))
}

// Serve accepts connections from l, which it closes in the end. It returns nil
// after Shutdown.
func (s *Server) Serve(l net.Listener) error {
	rpcs := s.open()
	if rpcs == nil {
		return l.Close()
	}
	parts := turns(l, len(rpcs))
	served := make(chan error, len(rpcs))
	for i, rpc := range rpcs {
		go func() { served <- rpc.Serve(parts[i]) }()
	}
	err := <-served
	_ = parts[0].Close() // for the others to end as well
	for range rpcs[1:] {
		<-served //nolint:errcheck // they end because the first has
	}
	if s.state.Load() == refusing || errors.Is(err, gogrpc.ErrServerStopped) {
		return nil
	}
	return err
}

// end ends what is still served, whose clients are told.
func (s *Server) end() {
	s.endStreams()
	s.mu.Lock()
	crowds := s.crowds
	s.mu.Unlock()
	for _, c := range crowds {
		c.end()
	}
}

// refuse has new requests refused and streams ended.
func (s *Server) refuse() []*gogrpc.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Swap(refusing) != refusing {
		close(s.closing)
	}
	return s.rpcs
}

// Shutdown serves on for the grace period, so that whoever balances the load
// sees that the server is not ready any more, then refuses new requests, ends
// streams, and waits for those in flight. A little before ctx ends it ends what is still
// served, whose clients are told and whose contexts are canceled. When ctx ends first it
// closes the connections that are left, and returns the context's error, at most a second
// later where handlers go on all the same.
func (s *Server) Shutdown(ctx context.Context, grace time.Duration) error {
	if at, ok := ctx.Deadline(); ok {
		left := time.Until(at)
		defer time.AfterFunc(left-min(lastWords, left/10), s.end).Stop()
	}
	wait := time.NewTimer(grace)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	rpcs := s.refuse()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var stopped sync.WaitGroup
		for _, rpc := range rpcs {
			stopped.Go(rpc.GracefulStop)
		}
		stopped.Wait()
		s.readers.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		cut(rpcs, done)
		return ctx.Err()
	}
}

// cut closes the connections that are left, which lets GracefulStop return, at which done
// is closed. Both wait for handlers, of which some do not mind that their contexts have
// ended: nobody waits for those.
func cut(rpcs []*gogrpc.Server, done <-chan struct{}) {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		var all sync.WaitGroup
		for _, rpc := range rpcs {
			all.Go(rpc.Stop)
		}
		all.Wait()
		<-done
	}()
	enough := time.NewTimer(lastWords)
	defer enough.Stop()
	select {
	case <-stopped:
	case <-enough.C:
	}
}
