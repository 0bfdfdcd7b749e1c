package clientgrpc

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"google.golang.org/grpc"
)

// Options are how servers are asked. The zero value is ready.
type Options struct {
	// Timeout bounds calls whose context has no deadline, tries and waits included;
	// 0 is a minute, and less is without end. Streams have none.
	Timeout time.Duration
	// Retries is how often a call is repeated; 0 is 2, and less is never. Calls
	// that change nothing are repeated while the server is not available; inferences
	// only if they cannot have run: no connection came about, or the server says
	// when it may be asked again (grpc-retry-pushback-ms).
	Retries int
	// Compress has requests sent with gzip, and answers come like that where the
	// server does as the request. It costs more time than it saves unless the network
	// is slow.
	Compress bool
	// MaxAnswer is the most bytes that an answer may have, decompressed; 0 is 1 GiB.
	MaxAnswer int
	// Token returns a bearer token for each call; nil sends none.
	Token func(context.Context) (string, error)
	// Header is sent as metadata with every call.
	Header http.Header
	// Inject puts what else belongs to the context of a call into its header, trace
	// context for example, as [client.Options] has it; nil does not.
	Inject func(context.Context, http.Header)
	// TLS is for grpcs:// addresses; nil trusts what the machine trusts.
	TLS *tls.Config
	// BareStreams has streams read as MLServer's are, whose answers are no
	// ModelStreamInferResponse. leat answers either way.
	BareStreams bool
	// KServe has models loaded and unloaded as KServe's servers understand it.
	KServe bool
	// Dial is for what is not said above.
	Dial []grpc.DialOption
}

func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Timeout == 0 {
		all.Timeout = time.Minute
	}
	if all.Retries == 0 {
		all.Retries = 2
	}
	if all.MaxAnswer == 0 {
		all.MaxAnswer = 1 << 30
	}
	return all
}
