package v2_test

import (
	"context"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// doubling asks itself about twice what it is asked.
type doubling struct{ copies bool }

func (m *doubling) Preprocess(_ context.Context, req *serve.Request) (*serve.Request, error) {
	if !m.copies {
		return req.WithData(serve.NewTensor("", []int64{2})), nil
	}
	own := *req
	own.Data = []any{int64(2)}
	return &own, nil
}

func (m *doubling) Predict(context.Context, *serve.Request) (any, error) { return []int64{4}, nil }

// TestRecordedRequest wants what a Preprocessor made of a request to be recorded, and
// known not to be what came.
func TestRecordedRequest(t *testing.T) {
	for _, copies := range []bool{false, true} {
		var rec tapeOfOne
		s, err := v2.New(v2.Config{Name: "m", Model: &doubling{copies}, Loaded: true, Env: &catalog.Env{Recorder: &rec}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ev := serve.NewEvent(serve.Target{Method: "POST", Operation: "infer"}, []byte(`{"inputs": [1]}`))
		if _, err := s.Do(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		data, err := oip.AppendValue(nil, rec.last.Request.Data)
		if err != nil || string(data) != "[2]" || !rec.last.Request.Replaced() {
			t.Errorf("recorded inputs %s, replaced %v, error %v", data, rec.last.Request.Replaced(), err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

type tapeOfOne struct{ last serve.Record }

func (t *tapeOfOne) Record(r serve.Record) { t.last = r }
