package clientgrpc

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/internal/backoff"
	"github.com/leat-ml/leat/serve"
)

// A method is a call of the service, with whether it changes nothing.
type method struct {
	name string
	safe bool
}

// unary is what generated code has for a call.
type unary[In, Out any] func(ctx context.Context, in *In, opts ...grpc.CallOption) (*Out, error)

// attempt is what is learnt from one try.
type attempt struct {
	peer    peer.Peer
	trailer metadata.MD
}

// invoke calls, and again as often as that is wise. An error is a [*client.Error].
func invoke[In, Out any](ctx context.Context, c *Client, m method, call unary[In, Out], in *In) (*Out, string, error) {
	if _, has := ctx.Deadline(); !has && c.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.opts.Timeout)
		defer cancel()
	}
	sent, err := c.outgoing(ctx)
	if err != nil {
		return nil, "", &client.Error{Op: c.op(m.name), Code: serve.CodeOf(err), Err: err}
	}
	for try := 0; ; try++ {
		var a attempt
		out, err := call(sent, in, grpc.Peer(&a.peer), grpc.Trailer(&a.trailer))
		if err == nil {
			return out, first(a.trailer, "x-request-id"), nil
		}
		if try >= c.opts.Retries || !a.worthAnother(m, err) || !backoff.Pause(ctx, backoff.Wait(try, a.pushback())) {
			return nil, "", c.failure(m.name, err, a.trailer)
		}
	}
}

// worthAnother says whether the call may succeed if it is sent again, and does not do
// twice what it may have done already.
func (a *attempt) worthAnother(m method, err error) bool {
	switch status.Code(err) {
	case codes.Unavailable:
		return m.safe || a.peer.Addr == nil || a.pushback() > 0
	case codes.ResourceExhausted:
		return a.pushback() > 0
	}
	return false
}

// pushback is the wait that the server asks for; 0 if it asks for none.
func (a *attempt) pushback() time.Duration {
	ms, err := strconv.Atoi(first(a.trailer, "grpc-retry-pushback-ms"))
	if err != nil || ms < 0 || ms > 1<<30 {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

func first(md metadata.MD, name string) string {
	if values := md.Get(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (c *Client) op(method string) string { return method + " at " + c.scheme + "://" + c.address }

// kinds are the kinds of failures that statuses of gRPC tell of.
var kinds = map[codes.Code]serve.Code{
	codes.Canceled:           serve.Canceled,
	codes.InvalidArgument:    serve.BadRequest,
	codes.DeadlineExceeded:   serve.Timeout,
	codes.NotFound:           serve.NotFound,
	codes.AlreadyExists:      serve.BadRequest,
	codes.PermissionDenied:   serve.Forbidden,
	codes.ResourceExhausted:  serve.Limited,
	codes.FailedPrecondition: serve.BadRequest, // MLServer's 422
	codes.OutOfRange:         serve.BadRequest,
	codes.Unimplemented:      serve.NotOffered,
	codes.Unavailable:        serve.Unavailable,
	codes.Unauthenticated:    serve.Unauthenticated,
}

// names are the codes as the specification of gRPC spells them.
var names = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// failure is the error of a call that failed with err.
func (c *Client) failure(method string, err error, trailer metadata.MD) *client.Error {
	st := status.Convert(err)
	e := &client.Error{
		Op: c.op(method), Code: kinds[st.Code()], StatusText: "UNKNOWN", Message: st.Message(),
		RequestID: first(trailer, "x-request-id"), RetryAfter: (&attempt{trailer: trailer}).pushback(),
	}
	if int(st.Code()) < len(names) {
		e.StatusText = names[st.Code()]
	}
	switch st.Code() {
	case codes.Canceled:
		e.Err = context.Canceled
	case codes.DeadlineExceeded:
		e.Err = context.DeadlineExceeded
	}
	return e
}
