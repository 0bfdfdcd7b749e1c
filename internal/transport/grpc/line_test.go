package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// A ward has requests that begin when they do and end when it is told to: those to the
// model "many" answer once before, and once after.
type ward struct {
	began chan string // ids

	mu    sync.Mutex
	gates map[string]chan struct{}
	busy  map[string]int // requests by model and sequence that are served
	most  int            // requests that were served at a time
	order []string       // ids as they began
	wrong []string       // sequences of which several were served at a time
}

func newWard() *ward {
	return &ward{began: make(chan string, 1000), gates: map[string]chan struct{}{}, busy: map[string]int{}}
}

func (w *ward) gate(id string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gates[id] == nil {
		w.gates[id] = make(chan struct{})
	}
	return w.gates[id]
}

func (w *ward) enter(id, group string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.order = append(w.order, id)
	w.busy[group]++
	if w.busy[group] > 1 && group != "" {
		w.wrong = append(w.wrong, group)
	}
	n := 0
	for _, busy := range w.busy {
		n += busy
	}
	w.most = max(w.most, n)
	w.began <- id
}

func (w *ward) leave(group string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[group]--
}

func (w *ward) serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	v, _ := ev.Body.Value()
	req := v.(*serve.Request)
	group, _ := req.Parameters["sequence_id"].(string)
	w.enter(req.ID, group)
	defer w.leave(group)
	answer := func(n int64) serve.Body {
		return serve.ValueBody(&serve.Response{ModelName: ev.Target.Model, ID: req.ID, Dialect: serve.OIP, Outputs: serve.NewTensor("n", []int64{n})})
	}
	if ev.Target.Model == "many" {
		if err := ev.Sink().Send(answer(1)); err != nil {
			return nil, err
		}
	}
	select {
	case <-w.gate(req.ID):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch ev.Target.Model {
	case "broken":
		return nil, errors.New("out of order")
	case "many":
		if err := ev.Sink().Send(answer(2)); err != nil {
			return nil, err
		}
		ev.EndStream()
		return ev, nil
	}
	ev.Body, ev.Reply = answer(0), nil
	return ev, nil
}

func (w *ward) open(ids ...string) {
	for _, id := range ids {
		close(w.gate(id))
	}
}

// await waits until requests have begun, in any order.
func (w *ward) await(t *testing.T, ids ...string) {
	t.Helper()
	var got []string
	for range ids {
		select {
		case id := <-w.began:
			got = append(got, id)
		case <-in(t).Done():
			t.Fatalf("only %v have begun", got)
		}
	}
	slices.Sort(got)
	if d := cmp.Diff(ids, got); d != "" {
		t.Errorf("began (-want +got):\n%s", d)
	}
}

type both interface {
	Send(*pb.ModelInferRequest) error
	Recv() (*pb.ModelStreamInferResponse, error)
	CloseSend() error
}

func sends(t *testing.T, s both, reqs ...*pb.ModelInferRequest) {
	t.Helper()
	for _, req := range reqs {
		if err := s.Send(req); err != nil {
			t.Fatal(err)
		}
	}
}

// reads reads so many answers; each is the id and the number in it, or the failure.
func reads(t *testing.T, s both, n int) (got []string) {
	t.Helper()
	for range n {
		resp, err := s.Recv()
		if err != nil {
			t.Fatalf("behind %v: %v", got, err)
		}
		text := resp.GetErrorMessage()
		if out := resp.GetInferResponse().GetOutputs(); len(out) == 1 {
			text = fmt.Sprint(out[0].GetContents().GetInt64Contents())
		}
		got = append(got, resp.GetInferResponse().GetId()+" "+text)
	}
	return got
}

func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

func inSequence(id, sequence string) *pb.ModelInferRequest {
	req := asking("m", id, false)
	req.Parameters = map[string]*pb.InferParameter{"sequence_id": {ParameterChoice: &pb.InferParameter_StringParam{StringParam: sequence}}}
	return req
}

func everyModel(string) bool { return true }

// TestRequestsOfAStreamTogether: requests are served beside each other, and answers of
// models that answer once come in the order of the requests, failures among them.
func TestRequestsOfAStreamTogether(t *testing.T) {
	wd := newWard()
	s := start(t, wd.serve, Options{Together: everyModel}).stream(t)
	sends(t, s, asking("m", "a", false), asking("broken", "b", false), asking("m", "c", false))
	wd.await(t, "a", "b", "c")
	wd.open("c", "b", "a")
	wants(t, reads(t, s, 3), "a [0]", "b out of order", "c [0]")
	if err := s.CloseSend(); err != nil {
		t.Error(err)
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("in the end: %v", err)
	}
}

// TestAnswersThatStepOutOfLine: a request that is answered many times holds up nobody
// once it has its first answer.
func TestAnswersThatStepOutOfLine(t *testing.T) {
	wd := newWard()
	s := start(t, wd.serve, Options{Together: everyModel}).stream(t)
	sends(t, s, asking("many", "a", true))
	wants(t, reads(t, s, 1), "a [1]")
	sends(t, s, asking("m", "b", false), asking("many", "c", false))
	wd.await(t, "a", "b", "c")
	wants(t, reads(t, s, 1), "c [1]")
	wd.open("b")
	wants(t, reads(t, s, 1), "b [0]")
	wd.open("c")
	wants(t, reads(t, s, 1), "c [2]")
	wd.open("a")
	wants(t, reads(t, s, 2), "a [2]", "a ")
}

// TestOrderThatModelsRelyOn: a sequence is served one request at a time, beside other
// sequences; and so are all requests to models of which nothing is known.
func TestOrderThatModelsRelyOn(t *testing.T) {
	wd := newWard()
	s := start(t, wd.serve, Options{Together: everyModel}).stream(t)
	sends(t, s, inSequence("a1", "a"), inSequence("a2", "a"), inSequence("b1", "b"), inSequence("b2", "b"))
	wd.await(t, "a1", "b1")
	wd.open("b1", "b2", "a1", "a2")
	wants(t, reads(t, s, 4), "a1 [0]", "a2 [0]", "b1 [0]", "b2 [0]")
	if len(wd.wrong) > 0 {
		t.Errorf("several requests at a time of the sequences %v", wd.wrong)
	}

	wd = newWard()
	s = start(t, wd.serve, Options{Together: func(model string) bool { return model == "many" }}).stream(t)
	var ids []string
	for i := range 50 {
		ids = append(ids, fmt.Sprintf("%02d", i))
	}
	wd.open(ids...)
	go func() {
		for _, id := range ids {
			if s.Send(asking("m", id, false)) != nil {
				return
			}
		}
	}()
	for i, got := range reads(t, s, len(ids)) {
		if got != ids[i]+" [0]" {
			t.Errorf("answer %d is %s", i, got)
		}
	}
	if d := cmp.Diff(ids, wd.order); d != "" || wd.most != 1 {
		t.Errorf("%d at a time; began (-want +got):\n%s", wd.most, d)
	}
}

// TestRequestsOfAStreamAreBounded: no more than so many are served at a time, and the
// rest follow.
func TestRequestsOfAStreamAreBounded(t *testing.T) {
	wd := newWard()
	s := start(t, wd.serve, Options{Together: everyModel}).stream(t)
	const n = 3 * maxTogether
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("%02d", i))
		sends(t, s, asking("m", ids[i], false))
	}
	wd.await(t, ids[:maxTogether]...)
	wd.open(ids...)
	if got := reads(t, s, n); len(got) != n || !slices.IsSorted(got) {
		t.Errorf("got %v", got)
	}
	if wd.most != maxTogether {
		t.Errorf("%d at a time", wd.most)
	}
}

// TestFailureThatEndsAStream: what came before the failure is answered, what came after
// it is not, and is told to stop.
func TestFailureThatEndsAStream(t *testing.T) {
	wd := newWard()
	s := start(t, wd.serve, Options{Together: everyModel}).stream(t, grpcErrors, "true")
	sends(t, s, asking("m", "a", false), asking("broken", "b", false), asking("m", "c", false), asking("m", "d", false))
	wd.await(t, "a", "b", "c", "d")
	wd.open("c", "b", "a") // d ends with the stream
	wants(t, reads(t, s, 1), "a [0]")
	_, err := s.Recv()
	wantStatus(t, err, "INTERNAL", "out of order")
}

// TestStreamAtTheEndOfTheServer: what a stream has being served is answered before it
// ends with the server.
func TestStreamAtTheEndOfTheServer(t *testing.T) {
	wd := newWard()
	w := start(t, wd.serve, Options{Together: everyModel})
	s := w.stream(t)
	sends(t, s, asking("m", "a", false), asking("m", "b", false))
	wd.await(t, "a", "b")
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(in(t), 0) }()
	<-w.server.closing
	wd.open("b", "a")
	wants(t, reads(t, s, 2), "a [0]", "b [0]")
	if _, err := s.Recv(); !strings.Contains(fmt.Sprint(err), "shutting down") {
		t.Errorf("in the end: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
