package grpc

import (
	"context"
	"log/slog"
	"time"

	"github.com/leat-ml/leat/oip"
)

// DefaultMaxMessage is the largest message of a client in bytes, compressed and
// decompressed, without what frames the tensors in it: 64 MiB, as over HTTP.
const DefaultMaxMessage = 64 << 20

// framing is what a message may have besides DefaultMaxMessage.
const framing = 64 << 10

// Options are how a [Server] serves.
type Options struct {
	// MaxMessage is the largest message in bytes; 0 is DefaultMaxMessage.
	MaxMessage int64
	// Timeout is the time from the arrival of a request to its answer, after which
	// the caller is told DEADLINE_EXCEEDED even while the handler still works; 0 is
	// none.
	Timeout time.Duration
	// Bare has streams answer with ModelInferResponse, as MLServer's do, unless a
	// client says otherwise.
	Bare bool
	// Logger is told about panics; nil is nobody.
	Logger *slog.Logger
	// Access logs calls, Metrics counts them, Tracer follows them; nil is nobody.
	Access  Access
	Metrics Metrics
	Tracer  Tracer
	// Repository may be nil: its calls are UNIMPLEMENTED then.
	Repository Repository
	// Settings may be nil: its calls are UNIMPLEMENTED then.
	Settings Settings
	// Room is where memory for elements is made; nil is a room of its own.
	Room *oip.Room
	// Together says of a model that requests of one stream may be put to it several at
	// a time: it keeps nothing from one to the next, or its answers are a stream. nil
	// says so of none, and all are served in the order in which they come.
	Together func(model string) bool
	// Raw says of a model that its answers are raw even to elements that come one by
	// one; nil says so of none.
	Raw func(model string) bool
}

// A Host is what is asked of the server itself.
type Host interface {
	// Ready returns nil when the server is ready for requests, else why not.
	Ready() error
	// About is its name, its version and the extensions of the protocol that it
	// has.
	About() (name, version string, extensions []string)
}

// A Repository is what models there are. Errors are those of package serve.
type Repository interface {
	Index() []ModelStatus
	// Load loads a model with the parameters that say what takes the place of its
	// configuration ("config") and of its files ("file:<version>/<name>").
	Load(ctx context.Context, model string, params map[string][]byte) error
	Unload(ctx context.Context, model string) error
}

// Settings are those of logs and traces, by the names that Triton gives them. Both
// methods change what is named, or nothing if there is an error, and return the
// settings. Errors are those of package serve.
type Settings interface {
	// Logs takes and returns booleans, int64 and strings.
	Logs(change map[string]any) (map[string]any, error)
	// Traces are those for a model, or for all if it is "". A setting without values
	// is cleared.
	Traces(model string, change map[string][]string) (map[string][]string, error)
}

// A ModelStatus is one model in one version. State is that of the protocol:
// READY, UNAVAILABLE, LOADING, UNLOADING or UNKNOWN.
type ModelStatus struct{ Name, Version, State, Reason string }

// Metrics is told the outcome of every call: the name of the method and that of
// the code, "OK" for one. Methods that nobody knows are "unknown". It must be
// safe for concurrent use.
type Metrics interface{ Called(method, code string) }

// Access is told of every call when it has ended. It must be safe for concurrent
// use and not wait.
type Access interface{ Called(c *CallInfo) }

// CallInfo is what an [Access] is told. It is read only.
type CallInfo struct {
	Method, Code, ID, Remote string
	Failed                   bool // the server is to blame
	In, Out                  int  // bytes of inferences: of the messages, of the elements of outputs
	Took                     time.Duration
}

// A Tracer is told of every call when it is known which model it is for, and of a
// stream when it comes. The call is served under in, and end is called with its
// outcome. A Tracer reads the trace from the header, and may change it so that an
// event has it. It must be safe for concurrent use.
type Tracer interface {
	Call(ctx context.Context, c Calling, header map[string][]string) (in context.Context, end func(Outcome))
}

// Calling is what a [Tracer] learns of a call in the beginning. Model is "" for none.
type Calling struct {
	Service, Method, Model string
	Start                  time.Time
}

// An Outcome is what a [Tracer] learns of a call in the end.
type Outcome struct {
	Code           int // of gRPC
	Model, Version string
	Failed         bool // the server is to blame
	Err            error
}
