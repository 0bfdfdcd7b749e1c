package client

import (
	"context"
	"maps"
	"net/http"
)

type headerKey struct{}

// WithHeader returns a context whose calls are sent with a header, in addition to
// what ctx has; over gRPC it is metadata. It is for what differs from call to call,
// where [Options] is for what does not.
func WithHeader(ctx context.Context, name string, values ...string) context.Context {
	all := http.Header{}
	maps.Copy(all, Header(ctx))
	all[http.CanonicalHeaderKey(name)] = values
	return context.WithValue(ctx, headerKey{}, all)
}

// WithRequestID returns a context whose calls have a request id, by which servers
// and those whom they ask name the request in logs and traces.
func WithRequestID(ctx context.Context, id string) context.Context {
	return WithHeader(ctx, requestIDHeader, id)
}

// Header is what [WithHeader] gave the calls of ctx; read it only.
func Header(ctx context.Context) http.Header {
	h, _ := ctx.Value(headerKey{}).(http.Header)
	return h
}

const requestIDHeader = "X-Request-Id"
