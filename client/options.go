package client

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"
)

// Options are how servers are asked. The zero value is ready.
type Options struct {
	// Timeout bounds calls whose context has no deadline, tries and waits included;
	// 0 is a minute, and less is without end. Streams have none.
	Timeout time.Duration
	// Retries is how often a call is repeated; 0 is 2, and less is never. Calls
	// that change nothing are repeated when the connection breaks or the server is
	// not available; inferences only if they cannot have run: no connection came
	// about, or the server refused them with 429 or 503. Waits grow from 50 ms, at
	// random, or are what the server asks for, up to two seconds.
	Retries int
	// Encoding is how tensors travel.
	Encoding Encoding
	// BinaryFrom is the bytes of the inputs from which on Auto sends them as bytes;
	// 0 is 1 KiB.
	BinaryFrom int
	// Compress has requests of a KiB or more sent, and answers come, with gzip. That
	// costs more time than it saves unless the network is slow.
	Compress bool
	// MaxAnswer is the most bytes that an answer may have, decompressed; 0 is 1 GiB.
	MaxAnswer int64
	// Token returns a bearer token for each call; nil sends none.
	Token func(context.Context) (string, error)
	// Header is sent with every call.
	Header http.Header
	// Inject puts what else belongs to the context of a call into its header, trace
	// context for example; nil does not. With OpenTelemetry it is
	//
	//	func(ctx context.Context, h http.Header) { otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(h)) }
	Inject func(context.Context, http.Header)
	// TLS is for https; nil trusts what the machine trusts.
	TLS *tls.Config
	// Connections is the most that are kept for a host while nobody uses them; 0 is 64.
	Connections int
	// Transport replaces what sends requests; TLS and Connections are its own then.
	Transport http.RoundTripper
}

// An Encoding is how the elements of tensors travel.
type Encoding int

const (
	// Auto sends what is large, and what JSON cannot say, as bytes, if the server
	// says that it takes them, which it is asked once; else JSON.
	Auto Encoding = iota
	// JSON sends numbers in JSON, and leaves it to the server how it answers.
	JSON
	// Binary sends bytes and wants bytes, without asking whether the server knows
	// the extension binary_tensor_data.
	Binary
)

// StaticToken returns an [Options.Token] that is the same at all times.
func StaticToken(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// withDefaults is o with every value that was left open.
func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	all.Timeout = orElse(all.Timeout, time.Minute)
	all.Retries = max(orElse(all.Retries, 2), 0)
	all.BinaryFrom = orElse(all.BinaryFrom, 1<<10)
	all.MaxAnswer = orElse(all.MaxAnswer, 1<<30)
	if all.Transport == nil {
		all.Transport = newTransport(all.TLS, orElse(all.Connections, 64))
	}
	return all
}

func orElse[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// newTransport is what sends requests. It does not ask for compressed answers by
// itself, which cost more than they save between machines of one network.
func newTransport(conf *tls.Config, connections int) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       conf,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true,
		MaxIdleConns:          4 * connections,
		MaxIdleConnsPerHost:   connections,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       64 << 10, // tensors are large
		ReadBufferSize:        64 << 10,
	}
}
