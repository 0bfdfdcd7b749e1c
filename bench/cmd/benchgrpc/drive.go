package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // messages are sent under its name
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/bench/target"
	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
	"github.com/leat-ml/leat/oip/inference"
)

// A workload is one request, sent again and again over some connections.
type workload struct {
	name    string
	conns   int
	servers []string
	request *inference.ModelInferRequest
	goals   []goal
	// generated has the client write and read messages by the generated code, as
	// programs do; otherwise they are written once and answers only counted.
	generated bool
	// own has leat's server asked by leat's client.
	own bool
}

// A goal is what a ratio may be.
type goal struct {
	of      string // the server that leat is compared with
	what    string // cpu or rate
	most    float64
	atLeast float64
}

// raw is a request with one FP32 tensor of that shape, raw.
func raw(shape ...int64) *inference.ModelInferRequest {
	n := int64(4)
	for _, d := range shape {
		n *= d
	}
	return &inference.ModelInferRequest{
		ModelName: "echo", Id: "1",
		Inputs:           []*inference.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: shape}},
		RawInputContents: [][]byte{make([]byte, n)},
	}
}

// image is a picture as models of vision take it: 588 KiB.
func image() *inference.ModelInferRequest { return raw(1, 3, 224, 224) }

// frozen is a codec of messages that have been written before, and of answers
// whose size alone is of interest.
type frozen struct{}

// Name is that of the codec for generated code.
func (frozen) Name() string { return "proto" }

// Marshal implements [encoding.CodecV2].
func (frozen) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

// Unmarshal implements [encoding.CodecV2].
func (frozen) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*int) = data.Len()
	return nil
}

var _ encoding.CodecV2 = frozen{}

// A driver sends one request to one server over some connections.
type driver struct {
	conns   []*grpc.ClientConn
	clients []*clientgrpc.Client // instead of conns
	message []byte
	request *inference.ModelInferRequest // for the generated code; nil sends the message as it is
	tensors *client.Request              // for leat's clients
	answer  int                          // bytes that an answer has at least
}

func newDriver(ctx context.Context, s *target.Server, w *workload) (*driver, error) {
	d, err := unchecked(s, w)
	if err != nil {
		return nil, err
	}
	if err := d.check(ctx, w); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// unchecked is a driver that has asked nothing yet.
func unchecked(s *target.Server, w *workload) (*driver, error) {
	message, err := proto.Marshal(w.request)
	if err != nil {
		return nil, err
	}
	d := &driver{message: message}
	if w.generated {
		d.request = w.request
	}
	if w.own && s.Name == leatServer {
		err := d.useClients(s, w)
		return d, err
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if s.Name != defaults { // whose client has the defaults too
		options = append(options, grpc.WithStaticStreamWindowSize(4<<20), grpc.WithStaticConnWindowSize(16<<20),
			grpc.WithReadBufferSize(128<<10), grpc.WithWriteBufferSize(128<<10))
	}
	for range w.conns {
		conn, err := grpc.NewClient(s.Addr, options...)
		if err != nil {
			return nil, errors.Join(err, d.close())
		}
		d.conns = append(d.conns, conn)
	}
	return d, nil
}

func (d *driver) close() error {
	var errs []error
	for _, c := range d.conns {
		errs = append(errs, c.Close())
	}
	for _, c := range d.clients {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// check has every connection answer rightly once.
func (d *driver) check(ctx context.Context, w *workload) error {
	if d.clients != nil {
		return d.checkClients(ctx)
	}
	for _, c := range d.conns {
		resp, err := inference.NewGRPCInferenceServiceClient(c).ModelInfer(ctx, w.request, grpc.WaitForReady(true))
		if err != nil {
			return fmt.Errorf("check the server: %w", err)
		}
		got, want := 0, 0
		for i := range w.request.RawInputContents {
			want += len(w.request.RawInputContents[i])
		}
		for i := range resp.RawOutputContents {
			got += len(resp.RawOutputContents[i])
		}
		for _, o := range resp.Outputs {
			got += proto.Size(o.Contents) // MLServer's form
		}
		if got == 0 || (w.servers[0] != onnxBare && got != want) {
			return fmt.Errorf("check the server: %d bytes came back of %d", got, want)
		}
		d.answer = got
	}
	return nil
}

// drive sends for some time, each connection as soon as it has its answer, and
// returns how many answers came.
func (d *driver) drive(ctx context.Context, for_ time.Duration) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, for_+30*time.Second)
	defer cancel()
	end := time.Now().Add(for_)
	var n atomic.Int64
	askers := d.askers()
	errs := make([]error, len(askers))
	var wg sync.WaitGroup
	for i, ask := range askers {
		wg.Go(func() {
			for time.Now().Before(end) {
				if errs[i] = ask(ctx); errs[i] != nil {
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return n.Load(), errors.Join(errs...)
}

// askers send one request each, over a connection of their own.
func (d *driver) askers() (all []func(context.Context) error) {
	for _, c := range d.conns {
		all = append(all, func(ctx context.Context) error { return d.ask(ctx, c) })
	}
	for _, c := range d.clients {
		all = append(all, func(ctx context.Context) error { return d.infer(ctx, c) })
	}
	return all
}

// ask sends one request.
func (d *driver) ask(ctx context.Context, c *grpc.ClientConn) (err error) {
	size := 0
	if d.request != nil {
		var resp *inference.ModelInferResponse
		resp, err = inference.NewGRPCInferenceServiceClient(c).ModelInfer(ctx, d.request)
		for _, raw := range resp.GetRawOutputContents() {
			size += len(raw)
		}
	} else {
		err = c.Invoke(ctx, inference.GRPCInferenceService_ModelInfer_FullMethodName, &d.message, &size, grpc.ForceCodecV2(frozen{}))
	}
	if err == nil && size < d.answer {
		err = fmt.Errorf("an answer has %d bytes", size)
	}
	return err
}
