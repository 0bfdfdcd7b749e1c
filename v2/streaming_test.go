package v2_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// speaker is a model whose stream is a function, and that notes which hooks have run.
type speaker struct {
	serve.OnlyStreams
	hooks  []string
	stream func(ctx context.Context, req *serve.Request, send func(any) error) error
}

func (m *speaker) Preprocess(_ context.Context, req *serve.Request) (*serve.Request, error) {
	m.hooks = append(m.hooks, "preprocess")
	return req, nil
}

func (m *speaker) ValidateRequest(context.Context, *serve.Request) error {
	m.hooks = append(m.hooks, "validate")
	return nil
}

func (m *speaker) Postprocess(_ context.Context, r *serve.Response) (*serve.Response, error) {
	m.hooks = append(m.hooks, "postprocess")
	return r, nil
}

func (m *speaker) Stream(ctx context.Context, req *serve.Request, send func(any) error) error {
	return m.stream(ctx, req, send)
}

// tape is a recorder and the metrics of a model.
type tape struct {
	records      []serve.Record
	begun, ended int
	code         serve.Code
}

func (t *tape) Record(r serve.Record)                                      { t.records = append(t.records, r) }
func (t *tape) Begin()                                                     { t.begun++ }
func (t *tape) End(_ string, code serve.Code, _ time.Duration)             { t.ended, t.code = t.ended+1, code }
func (t *tape) EndAt(_ string, c serve.Code, _ time.Time, _ time.Duration) { t.End("", c, 0) }

// taker keeps the answers of a stream, and refuses all behind the first few.
type taker struct {
	most int // 0 is any number
	got  []string
}

var errEnough = errors.New("enough")

func (k *taker) Send(b serve.Body) error {
	if k.most > 0 && len(k.got) == k.most {
		return errEnough
	}
	text, err := oip.AppendBody(nil, b)
	k.got = append(k.got, string(text))
	return err
}

// spoken is a server of the model, what was told of it, and a way to ask it.
func spoken(t *testing.T, m *speaker) (*tape, func(ctx context.Context, op, body string, to serve.Sink) (*serve.Event, error)) {
	t.Helper()
	told := &tape{}
	s, err := v2.New(v2.Config{Name: "m", Model: m, Loaded: true, Metrics: told, Env: &catalog.Env{Recorder: told}})
	if err == nil {
		err = s.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return told, func(ctx context.Context, op, body string, to serve.Sink) (*serve.Event, error) {
		ev := serve.NewEvent(serve.Target{Method: "POST", Operation: op}, []byte(body))
		if to != nil {
			ev.Offer(to)
		}
		_, err := s.Do(ctx, ev)
		return ev, err
	}
}

const oneInput = `{"id":"7","inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[1]}]}`

// TestStreamIsOneInference has a stream be prepared, counted and recorded once, and its
// answers postprocessed each.
func TestStreamIsOneInference(t *testing.T) {
	m := &speaker{stream: func(_ context.Context, _ *serve.Request, send func(any) error) error {
		return errors.Join(send([]int64{1, 2}), send([]int64{3}))
	}}
	told, ask := spoken(t, m)
	for _, op := range []string{"infer_stream", "infer"} { // the second as over gRPC
		*told, m.hooks = tape{}, nil
		to := &taker{}
		ev, err := ask(t.Context(), op, oneInput, to)
		if err != nil || !ev.Streamed() {
			t.Fatal(err, ev.Streamed())
		}
		want := `{"id":"7","model_name":"m","outputs":[{"name":"output-0","shape":[2],"datatype":"INT64","data":[1,2]}]} {"id":"7","model_name":"m","outputs":[{"name":"output-0","shape":[1],"datatype":"INT64","data":[3]}]}`
		if got := strings.Join(to.got, " "); got != want {
			t.Errorf("got %s", got)
		}
		if got := fmt.Sprint(m.hooks); got != "[preprocess validate postprocess postprocess]" {
			t.Errorf("hooks %s", got)
		}
		if told.begun != 1 || told.ended != 1 || told.code != serve.OK || len(told.records) != 1 {
			t.Fatalf("told %+v", told)
		}
		text, err := oip.AppendValue(nil, told.records[0].Response())
		if want := `{"id":"7","model_name":"m","outputs":[{"name":"output-0","shape":[3],"datatype":"INT64","data":[1,2,3]}]}`; err != nil || string(text) != want {
			t.Errorf("recorded %s, %v", text, err)
		}
	}
}

// TestStreamRecords has the record of streams of other answers than tensors, of none,
// of too many, and of one that fails.
func TestStreamRecords(t *testing.T) {
	send := func(outputs ...any) func(context.Context, *serve.Request, func(any) error) error {
		return func(_ context.Context, _ *serve.Request, send func(any) error) error {
			for _, o := range outputs {
				if err := send(o); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, c := range []struct {
		name   string
		stream func(context.Context, *serve.Request, func(any) error) error
		want   string // of the outputs
	}{
		{"none", send(), `[]`},
		{"one", send("a"), `"a"`},
		{"texts", send("a", "b"), `["a","b"]`},
		{"objects", send(map[string]any{"i": 1}, map[string]any{"i": 2}), `[{"i":1},{"i":2}]`},
		{"rows", send([]float64{1}, []float64{2}), `[[1],[2]]`},
		{"others behind", send(serve.NewTensor("a", []int64{1}), serve.NewTensor("b", []int64{2})), `[1]`},
		{"a mebibyte", send(strings.Repeat("x", 1<<20), "y", "z"), `["` + strings.Repeat("x", 1<<20) + `"]`},
	} {
		told, ask := spoken(t, &speaker{stream: c.stream})
		if _, err := ask(t.Context(), "infer_stream", `{"inputs":[1]}`, &taker{}); err != nil {
			t.Fatal(c.name, err)
		}
		text, err := oip.AppendValue(nil, told.records[0].Response().Outputs)
		if err != nil || string(text) != c.want {
			t.Errorf("%s: recorded %.100s, %v; want %.100s", c.name, text, err, c.want)
		}
	}
	boom := errors.New("boom")
	told, ask := spoken(t, &speaker{stream: func(_ context.Context, _ *serve.Request, send func(any) error) error {
		return errors.Join(send("a"), boom)
	}})
	if _, err := ask(t.Context(), "infer_stream", `{"inputs":[1]}`, &taker{}); !errors.Is(err, boom) || !errors.Is(told.records[0].Err, boom) || told.code != serve.Internal {
		t.Errorf("a failure: %v, told %+v", err, told)
	}
}

// TestSendRefuses has send fail when nobody takes the answers, when the request is over,
// and once Stream has returned; what the model makes of it is not what is told.
func TestSendRefuses(t *testing.T) {
	var later func(any) error
	var calls atomic.Int64
	m := &speaker{stream: func(_ context.Context, _ *serve.Request, send func(any) error) error {
		later = send
		for range 10 {
			_ = send("a") // a model that does not look
			calls.Add(1)
		}
		return nil
	}}
	_, ask := spoken(t, m)
	to := &taker{most: 2}
	if _, err := ask(t.Context(), "infer_stream", `{"inputs":[1]}`, to); !errors.Is(err, errEnough) || len(to.got) != 2 || calls.Load() != 10 {
		t.Errorf("%v behind %d answers", err, len(to.got))
	}
	if err := later("b"); err == nil || len(to.got) != 2 {
		t.Errorf("an answer behind the stream: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ask(ctx, "infer_stream", `{"inputs":[1]}`, &taker{}); serve.CodeOf(err) != serve.Canceled {
		t.Errorf("a request that is over: %v", err)
	}
	if _, err := ask(t.Context(), "infer_stream", `{"inputs":[1]}`, nil); serve.CodeOf(err) != serve.NotOffered {
		t.Errorf("where nobody takes answers: %v", err)
	}
	if _, err := ask(t.Context(), "infer", `{"inputs":[1]}`, nil); serve.CodeOf(err) != serve.NotOffered {
		t.Errorf("one answer: %v", err)
	}
}

// TestSendWhileStreamEnds has a model return while a goroutine of its own sends, which
// it must not: what was lost is told nevertheless, and nothing races.
func TestSendWhileStreamEnds(t *testing.T) {
	for range 20 {
		began, left := make(chan struct{}), make(chan struct{})
		m := &speaker{stream: func(_ context.Context, _ *serve.Request, send func(any) error) error {
			go func() {
				defer close(left)
				close(began)
				for send("a") == nil {
				}
			}()
			<-began
			return nil
		}}
		_, ask := spoken(t, m)
		to := &taker{most: 3}
		_, err := ask(t.Context(), "infer_stream", `{"inputs":[1]}`, to)
		if err != nil && !errors.Is(err, errEnough) {
			t.Error(err)
		}
		<-left
	}
}

// TestStreamDeadline has the deadline of a request be that of all of its stream.
func TestStreamDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told, ask := spoken(t, &speaker{stream: func(_ context.Context, _ *serve.Request, send func(any) error) error {
			for {
				if err := send("a"); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		to := &taker{}
		if _, err := ask(ctx, "infer_stream", `{"inputs":[1]}`, to); serve.CodeOf(err) != serve.Timeout || len(to.got) != 4 || told.code != serve.Timeout {
			t.Errorf("%v behind %d answers", err, len(to.got))
		}
	})
}
