package clientgrpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/metadata"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/internal/outgoing"
	"github.com/leat-ml/leat/internal/readahead"
	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
)

// A Client asks one server over one connection, which comes about with the first call,
// and again when it has broken. It is safe for concurrent use.
type Client struct {
	address string
	scheme  string // grpc or grpcs, for errors
	opts    Options
	conn    *grpc.ClientConn
	calls   pb.GRPCInferenceServiceClient
}

// Windows for tensors of some size: with the 64 KiB of gRPC's defaults, an answer of
// a MiB waits for the client to say sixteen times that it goes on.
const (
	streamWindow     = 4 << 20
	connectionWindow = 16 << 20
	readBuffer       = 2 << 10 // frames that are larger are read to where they stay
	writeBuffer      = 32 << 10
)

// frames is what connections are read into that a message is copied from.
var frames tensorwire.Frames

// New returns a client for the server at an address: host:port, grpc://host:port, or
// grpcs://host:port for TLS. It does not connect. opts may be nil.
func New(address string, opts *Options) (*Client, error) {
	c := &Client{opts: opts.withDefaults()}
	target, secure, err := parse(address)
	if err != nil {
		return nil, err
	}
	c.address, c.scheme = target, "grpc"
	transport := readahead.NewCredentials()
	if secure {
		c.scheme = "grpcs"
		transport = credentials.NewTLS(c.opts.TLS)
	}
	room := new(oip.Room)
	adjacent := tensorwire.NewAdjacent(&frames, room)
	dial := append([]grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithStaticStreamWindowSize(streamWindow), grpc.WithStaticConnWindowSize(connectionWindow),
		grpc.WithReadBufferSize(readBuffer), grpc.WithWriteBufferSize(writeBuffer), experimental.WithBufferPool(adjacent),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(tensorwire.NewCodec(room, adjacent)), grpc.MaxCallRecvMsgSize(c.opts.MaxAnswer), grpc.MaxCallSendMsgSize(1<<31-1)),
	}, c.opts.Dial...)
	if c.opts.Compress {
		dial = append(dial, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	if c.conn, err = grpc.NewClient("dns:///"+target, dial...); err != nil {
		return nil, fmt.Errorf("address of the server: %w", err)
	}
	c.calls = pb.NewGRPCInferenceServiceClient(c.conn)
	return c, nil
}

func parse(address string) (target string, secure bool, err error) {
	scheme, target, found := strings.Cut(address, "://")
	if !found {
		scheme, target = "grpc", address
	}
	target = strings.TrimRight(target, "/")
	if scheme != "grpc" && scheme != "grpcs" {
		return "", false, fmt.Errorf("address of the server: %s:// is not supported; grpc:// and grpcs:// are", scheme)
	}
	if strings.Contains(target, "@") { // not told again: there may be a password in it
		return "", false, errors.New("address of the server: it names a user, for which gRPC has no place: give host:port")
	}
	if _, _, err := net.SplitHostPort(target); err != nil {
		return "", false, fmt.Errorf("address of the server: %q is not host:port", address)
	}
	return target, scheme == "grpcs", nil
}

// Address is where the server is, as host:port.
func (c *Client) Address() string { return c.address }

// Close ends the connection, and calls that are under way with it.
func (c *Client) Close() error {
	if err := c.conn.Close(); err != nil {
		return fmt.Errorf("close the connection to %s: %w", c.address, err)
	}
	return nil
}

// outgoing is ctx with the metadata of a call.
func (c *Client) outgoing(ctx context.Context) (context.Context, error) {
	h := http.Header{}
	more := outgoing.Header{Fixed: c.opts.Header, Inject: c.opts.Inject, Token: c.opts.Token}
	if err := more.Fill(ctx, h, client.Header(ctx)); err != nil {
		return ctx, err
	}
	if len(h) == 0 {
		return ctx, nil
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	md = md.Copy()
	if md == nil {
		md = metadata.MD{}
	}
	for name, values := range h {
		md.Set(name, values...)
	}
	return metadata.NewOutgoingContext(ctx, md), nil
}
