package grpc

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// patience is how long a test waits for what has to come.
const patience = 2 * time.Minute

type handlerFunc func(ctx context.Context, ev *serve.Event) (*serve.Event, error)

func (f handlerFunc) Serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	return f(ctx, ev)
}

// echo answers with the inputs; what it does besides goes by the model's name.
func echo(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	switch ev.Target.Operation {
	case "ready":
		return readiness(ev)
	case "", "config":
		return describe(ev)
	}
	req, err := oip.Request(ev.Body)
	if err != nil {
		return nil, err
	}
	switch ev.Target.Model {
	case "unknown":
		return nil, serve.Errorf(serve.NotFound, "", "model unknown doesnt exist")
	case "broken":
		return nil, errors.New("the weights are gone")
	case "panics":
		panic("secret detail")
	case "waits":
		<-ctx.Done()
		return nil, ctx.Err()
	case "filtered":
		return nil, nil
	case "document":
		ev.Body = serve.RawBody([]byte(`{"outputs":[{"name":"y","datatype":"INT64","shape":[2],"data":[1,2]}]}`))
		return ev, nil
	case "text":
		ev.Body = serve.ValueBody("hello")
		ev.Reply = &serve.Reply{Header: serve.Header{"X-Step": {"seen"}, "Content-Length": {"5"}}}
		return ev, nil
	}
	resp := ev.NewResponse()
	resp.ID, resp.Dialect, resp.ModelName, resp.ModelVersion = req.ID, serve.OIP, ev.Target.Model, "3"
	if resp.ID == "" {
		resp.ID = ev.Identify()
	}
	resp.Outputs, resp.Parameters = req.Inputs, req.Parameters
	ev.Body = serve.ValueBody(resp)
	return ev, nil
}

func readiness(ev *serve.Event) (*serve.Event, error) {
	switch ev.Target.Model {
	case "loading":
		return nil, serve.Errorf(serve.NotYet, "", "model not ready")
	case "unknown":
		return nil, serve.Errorf(serve.NotFound, "", "model unknown doesnt exist")
	case "classic":
		ev.Reply = &serve.Reply{Status: 408}
	case "broken":
		return nil, errors.New("the weights are gone")
	}
	return ev, nil
}

func describe(ev *serve.Event) (*serve.Event, error) {
	switch {
	case strings.Contains(ev.Target.Path, "unknown"):
		return nil, serve.Errorf(serve.NotFound, "", "model unknown doesnt exist")
	case strings.HasSuffix(ev.Target.Path, "/stats"):
		ev.Body = serve.RawBody([]byte(`{"model_stats":[{"name":"` + ev.Target.Path + `","version":"1","last_inference":7,"inference_count":64,"execution_count":1,` +
			`"inference_stats":{"success":{"count":1,"ns":9}},"response_stats":{},"batch_stats":[{"batch_size":64}],"memory_usage":[]}]}`))
	case ev.Target.Operation == "config":
		ev.Body = serve.RawBody([]byte(`{"name":"m","platform":"go","version_policy":{"all":{}},"max_batch_size":4,"input":[{"name":"x","data_type":"TYPE_FP32","dims":[4]}],"output":[{"name":"s","data_type":"TYPE_STRING","dims":[]}]}`))
	default:
		ev.Body = serve.RawBody([]byte(`{"name":"m","versions":["1","2"],"platform":"go","inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[{"name":"s","datatype":"BYTES","shape":[]}]}`))
	}
	return ev, nil
}

// A host is ready or not.
type host struct{ down atomic.Bool }

func (h *host) Ready() error {
	if h.down.Load() {
		return errors.New("not all models are ready")
	}
	return nil
}

func (h *host) About() (name, version string, extensions []string) {
	return "leat", "1", []string{"a"}
}

// A world is a server and a client of it.
type world struct {
	pb.GRPCInferenceServiceClient
	server *Server
	host   *host
	conn   *gogrpc.ClientConn
	listen *bufconn.Listener
}

// start serves by next until the test ends.
func start(t testing.TB, next handlerFunc, o Options, dial ...gogrpc.DialOption) *world {
	t.Helper()
	w := &world{host: &host{}, listen: bufconn.Listen(1 << 20)}
	w.server = New(next, w.host, o)
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(w.listen) }()
	w.conn = w.dial(t, dial...)
	w.GRPCInferenceServiceClient = pb.NewGRPCInferenceServiceClient(w.conn)
	t.Cleanup(func() {
		_ = w.conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := w.server.Shutdown(ctx, 0); err != nil {
			t.Errorf("shut down: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		w.server.late.Wait()
	})
	return w
}

func (w *world) dial(t testing.TB, o ...gogrpc.DialOption) *gogrpc.ClientConn {
	t.Helper()
	conn, err := gogrpc.NewClient("passthrough:bufconn", append([]gogrpc.DialOption{
		gogrpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return w.listen.DialContext(ctx) }),
		gogrpc.WithTransportCredentials(insecure.NewCredentials()),
	}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func in(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func input1(name, datatype string, shape []int64, contents *pb.InferTensorContents) *pb.ModelInferRequest_InferInputTensor {
	return &pb.ModelInferRequest_InferInputTensor{Name: name, Datatype: datatype, Shape: shape, Contents: contents}
}

func request(model string, inputs ...*pb.ModelInferRequest_InferInputTensor) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{ModelName: model, Inputs: inputs}
}

// floats is a request with four numbers.
func floats(model string) *pb.ModelInferRequest {
	return request(model, input1("x", "FP32", []int64{1, 4}, &pb.InferTensorContents{Fp32Contents: []float32{1, 2, 3, 4}}))
}

// wantStatus checks the code of a failure, and that its text has a part.
func wantStatus(t *testing.T, err error, code, part string) {
	t.Helper()
	st := statusOf(err)
	if err == nil || codeName(st.Code()) != code || !strings.Contains(st.Message(), part) {
		t.Errorf("got %s: %s, want %s: …%s…", codeName(st.Code()), st.Message(), code, part)
	}
}

func quiet(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, nil))
}
