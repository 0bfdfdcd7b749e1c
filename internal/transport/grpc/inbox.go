package grpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/serve"
)

// firstPart is how many bytes of a message are waited for at first; later as many as have
// come. Of most messages that is all.
const firstPart = 1 << 20

// A source is where the messages of a call come from. Those of grpc-go can be read in
// parts, though it does not say so: its own way to read one waits for all of it, for ever.
type source interface {
	statusWriter
	ReadMessageHeader(to []byte) error
	Read(n int) (mem.BufferSlice, error)
	RecvCompress() string
}

// An office is what the inboxes of a lane have in common.
type office struct {
	codec codec
	most  int // bytes of a message
	waits *waits
	crowd *crowd
}

// An inbox reads the messages of one call, each of which has to become whole in time.
type inbox struct {
	*office
	from source // nil where messages do not come from grpc-go's HTTP/2
	head [framed]byte
	wait wait
}

// framed is how many bytes gRPC has before a message.
const framed = 5

// open sets the inbox of a call.
func (o *office) open(b *inbox, ctx context.Context) { //nolint:revive // the inbox is what is made
	b.office = o
	b.from, _ = gogrpc.ServerTransportStreamFromContext(ctx).(source)
	b.wait.is.call = b.from
}

// only reads the message of a call that has one, and the end behind it. Its time begins
// with the call: there is nothing else that the client could be about.
func (b *inbox) only(m any) (err error) {
	b.waits.enter(&b.wait)
	defer func() { err = b.left(err) }()
	switch err := b.from.ReadMessageHeader(b.head[:]); {
	case errors.Is(err, io.EOF):
		return status.Error(codes.Internal, "cardinality violation: received no request message from non-client-streaming RPC")
	case err != nil:
		return err
	}
	if err := b.message(m); err != nil {
		return err
	}
	switch err := b.from.ReadMessageHeader(b.head[:1]); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return status.Error(codes.Internal, "cardinality violation: received multiple request messages for non-client-streaming RPC")
}

// next reads a message of a stream; [io.EOF] is its end. Until it has begun it may be days,
// also if one to four bytes of its head are there: the head is read in one piece, since two
// cost memory, and without it a message holds nothing.
func (b *inbox) next(m any) (err error) {
	if err := b.from.ReadMessageHeader(b.head[:]); err != nil {
		return meaning(err)
	}
	b.waits.enter(&b.wait)
	defer func() { err = b.left(err) }()
	return b.message(m)
}

// left ends the wait. What has come too late has not come.
func (b *inbox) left(err error) error {
	if b.waits.leave(&b.wait) {
		return errSlow
	}
	return meaning(err)
}

// meaning is the status of gRPC that a failure to read is; an end stays one.
func meaning(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return status.Error(codes.Internal, err.Error())
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Error(codes.Unavailable, err.Error())
}

// unexpected is err where no end may be.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// message reads the message whose head has been read.
func (b *inbox) message(m any) error {
	size := int64(binary.BigEndian.Uint32(b.head[1:]))
	if size > int64(b.most) {
		return status.Errorf(codes.ResourceExhausted, "grpc: received message larger than max (%d vs. %d)", size, b.most)
	}
	data, err := b.parts(int(size))
	if err != nil {
		return unexpected(err)
	}
	defer func() { data.Free() }()
	if b.head[0] != 0 {
		whole, err := b.inflated(data)
		if err != nil {
			return err
		}
		data.Free()
		data = whole
	}
	if err := b.codec.Unmarshal(data, m); err != nil {
		var own *serve.Error
		if errors.As(err, &own) {
			return statusOf(err).Err()
		}
		return status.Errorf(codes.InvalidArgument, "the message cannot be read: %v", err)
	}
	return nil
}

// parts reads size bytes. Those that have come give time for as many again.
func (b *inbox) parts(size int) (mem.BufferSlice, error) {
	n := min(size, firstPart)
	b.waits.extend(&b.wait, n)
	data, err := b.from.Read(n)
	for got := n; err == nil && got < size; got += n {
		n = min(size-got, got)
		b.waits.extend(&b.wait, n)
		var more mem.BufferSlice
		if more, err = b.from.Read(n); err == nil {
			data = append(data, more...)
		}
	}
	if err != nil {
		data.Free()
		return nil, err
	}
	return data, nil
}

// inflated is a message that came compressed.
func (b *inbox) inflated(data mem.BufferSlice) (mem.BufferSlice, error) {
	if b.head[0] != 1 {
		return nil, status.Errorf(codes.Internal, "grpc: received unexpected payload format %d", b.head[0])
	}
	name := b.from.RecvCompress()
	if name == "" || name == encoding.Identity {
		return nil, status.Error(codes.Internal, "grpc: compressed flag set with identity or empty encoding")
	}
	with := encoding.GetCompressor(name)
	if with == nil {
		return nil, status.Errorf(codes.Unimplemented, "grpc: Decompressor is not installed for grpc-encoding %q", name)
	}
	from := data.Reader()
	defer func() { _ = from.Close() }() // it never fails
	r, err := with.Decompress(from)
	if err != nil {
		return nil, undone(name, err)
	}
	if c, ok := r.(io.Closer); ok {
		defer func() { _ = c.Close() }() // what it has to say it has said when it was read
	}
	out, err := mem.ReadAll(io.LimitReader(r, int64(b.most)+1), b.codec.adjacent)
	switch {
	case err != nil:
		err = undone(name, err)
	case out.Len() > b.most:
		err = status.Errorf(codes.ResourceExhausted, "grpc: received message after decompression larger than max %d", b.most)
	}
	if err != nil {
		out.Free()
		return nil, err
	}
	return out, nil
}

// undone is why what came compressed is no message. Libraries of gRPC call it INTERNAL,
// which blames who reads; over HTTP it is 400, too.
func undone(name string, err error) error {
	return status.Errorf(codes.InvalidArgument, "the message cannot be decompressed, and is said to be %s: %v", valid(name), unexpected(err))
}

// newOffice returns what the inboxes of a lane have in common.
func (s *Server) newOffice(c codec) *office {
	o := &office{codec: c, most: int(min(s.opts.MaxMessage+framing, math.MaxInt32)), waits: &s.waits, crowd: new(crowd)}
	s.crowds = append(s.crowds, o.crowd)
	return o
}

// A registrar has the services of others read their messages in time, too.
type registrar struct {
	*gogrpc.Server
	office *office
}

// RegisterService implements [gogrpc.ServiceRegistrar].
func (r registrar) RegisterService(desc *gogrpc.ServiceDesc, with any) {
	own := *desc
	own.Methods = make([]gogrpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		own.Methods[i] = gogrpc.MethodDesc{MethodName: m.MethodName, Handler: r.office.method(m.Handler)}
	}
	own.Streams = make([]gogrpc.StreamDesc, len(desc.Streams))
	for i, d := range desc.Streams {
		d.Handler = r.office.stream(d.Handler, d.ClientStreams)
		own.Streams[i] = d
	}
	r.Server.RegisterService(&own, with)
}

// method is a handler of generated code whose message comes by an inbox.
func (o *office) method(next gogrpc.MethodHandler) gogrpc.MethodHandler {
	return func(with any, ctx context.Context, decode func(any) error, by gogrpc.UnaryServerInterceptor) (any, error) {
		b := new(inbox)
		if o.open(b, ctx); b.from != nil {
			decode = b.only
		}
		m, err := next(with, ctx, decode, by)
		return m, told(err)
	}
}

// stream is a handler of generated code whose messages come by an inbox.
func (o *office) stream(next gogrpc.StreamHandler, several bool) gogrpc.StreamHandler {
	return func(with any, ss gogrpc.ServerStream) error {
		b := new(inbox)
		if o.open(b, ss.Context()); b.from != nil {
			ss = &boxed{ss, b, several}
		}
		return told(next(with, ss))
	}
}

// A boxed is a stream whose messages come by an inbox.
type boxed struct {
	gogrpc.ServerStream
	inbox   *inbox
	several bool
}

// RecvMsg implements [gogrpc.ServerStream].
func (b *boxed) RecvMsg(m any) error {
	if b.several {
		return b.inbox.next(m)
	}
	return b.inbox.only(m)
}

// told is the failure of a handler that knows statuses of gRPC only.
func told(err error) error {
	if errors.Is(err, errSlow) {
		return statusOf(err).Err()
	}
	return err
}
