package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// streamer answers a request whose model's name is "<n>" n times, and fails then if it
// is "<n>!".
func streamer(_ context.Context, ev *serve.Event) (*serve.Event, error) {
	to := ev.Sink()
	if to == nil {
		return nil, serve.ErrOnlyStreams
	}
	var n int
	_, _ = fmt.Sscan(strings.TrimSuffix(ev.Target.Model, "!"), &n)
	v, _ := ev.Body.Value()
	req := v.(*serve.Request)
	for i := range n {
		resp := &serve.Response{ModelName: ev.Target.Model, ID: req.ID, Dialect: serve.OIP, Outputs: serve.NewTensor("n", []int64{int64(i)})}
		if err := to.Send(serve.ValueBody(resp)); err != nil {
			return nil, err
		}
	}
	if strings.HasSuffix(ev.Target.Model, "!") {
		return nil, errors.New("no more")
	}
	ev.EndStream()
	return ev, nil
}

func asking(model, id string, final bool) *pb.ModelInferRequest {
	req := floats(model)
	req.Id = id
	if final {
		req.Parameters = map[string]*pb.InferParameter{wantsFinal: {ParameterChoice: &pb.InferParameter_BoolParam{BoolParam: true}}}
	}
	return req
}

// TestStreamOfAnswers has requests be answered any number of times, in Triton's form:
// which is the final answer is said, an empty one comes where it is asked for, and
// failures are in band behind the answers.
func TestStreamOfAnswers(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Minute} {
		w := start(t, streamer, Options{Timeout: timeout})
		s := w.stream(t)
		for _, req := range []*pb.ModelInferRequest{asking("2", "a", true), asking("0", "b", true), asking("0", "c", false), asking("3", "d", false), asking("1!", "e", true), asking("1", "f", false)} {
			if err := s.Send(req); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			resp, err := s.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			r := resp.GetInferResponse()
			final, said := r.GetParameters()[isFinal]
			got = append(got, fmt.Sprintf("%s outputs=%d final=%v/%v %s", r.GetId(), len(r.GetOutputs()), said, final.GetBoolParam(), resp.GetErrorMessage()))
		}
		want := []string{
			"a outputs=1 final=true/false ", "a outputs=1 final=true/false ", "a outputs=0 final=true/true ",
			"b outputs=0 final=true/true ",
			"d outputs=1 final=true/false ", "d outputs=1 final=true/false ", "d outputs=1 final=true/false ",
			"e outputs=1 final=true/false ", "e outputs=0 final=true/true no more",
			"f outputs=1 final=true/false ",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("timeout %v: got\n%s\nwant\n%s", timeout, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestStreamOfAnswersOfMLServer has the answers be bare, and a failure be the status.
func TestStreamOfAnswersOfMLServer(t *testing.T) {
	w := start(t, streamer, Options{})
	ctx := metadata.AppendToOutgoingContext(in(t), streamForm, "mlserver")
	s, err := w.conn.NewStream(ctx, bareStream, pb.GRPCInferenceService_ModelStreamInfer_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg(asking("3!", "a", false)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		resp := &pb.ModelInferResponse{}
		if err := s.RecvMsg(resp); err != nil || resp.Id != "a" || len(resp.Outputs) != 1 || len(resp.Parameters) != 0 {
			t.Fatalf("answer %d: %v, %v", i, resp, err)
		}
	}
	wantStatus(t, s.RecvMsg(&pb.ModelInferResponse{}), "INTERNAL", "no more")
}

// TestOneAnswerOfAStream has a model that only streams refuse who asks for one answer.
func TestOneAnswerOfAStream(t *testing.T) {
	w := start(t, streamer, Options{})
	_, err := w.ModelInfer(in(t), asking("1", "a", false))
	wantStatus(t, err, "UNIMPLEMENTED", "any number of times")
}

// TestStreamOfAnswersIsHeldUp has a model be held up by a client that does not read,
// and be told when it goes.
func TestStreamOfAnswersIsHeldUp(t *testing.T) {
	const size, most = 64 << 10, 256 << 20
	var sent atomic.Int64
	ended := make(chan error, 1)
	w := start(t, func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		text := []string{strings.Repeat("x", size)}
		for {
			resp := &serve.Response{ModelName: "m", Dialect: serve.OIP, Outputs: serve.NewBytes("x", text)}
			err := ev.Sink().Send(serve.ValueBody(resp))
			if err == nil && sent.Add(size) > most {
				err = errors.New("nobody holds it up")
			}
			if err != nil {
				ended <- err
				return nil, err
			}
		}
	}, Options{})
	ctx, cancel := context.WithCancel(in(t))
	defer cancel()
	s, err := w.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(floats("m")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Fatal(err)
	}
	for before := int64(-1); before != sent.Load(); { // until it stands still
		before = sent.Load()
		time.Sleep(50 * time.Millisecond)
	}
	cancel()
	select {
	case err := <-ended:
		if code := serve.CodeOf(err); code != serve.Canceled {
			t.Errorf("it ended with %v (%v) behind %d bytes", err, code, sent.Load())
		}
	case <-time.After(patience):
		t.Error("it goes on without a client")
	}
}
