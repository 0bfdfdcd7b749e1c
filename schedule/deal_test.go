package schedule

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/leat-ml/leat/serve"
)

// A several is a model that answers each of the requests which it gets together, by as
// many answers as there are and more.
type several struct {
	double
	more int
}

var errSecond = errors.New("the second of them")

func (m *several) Predict(ctx context.Context, req *serve.Request) (any, error) {
	out, err := m.double.Predict(ctx, req)
	reqs := serve.Together(ctx)
	if len(reqs) == 0 || err != nil {
		return out, err
	}
	each := make([]serve.Answer, len(reqs)+m.more)
	for i, r := range reqs {
		one, err := (&double{}).Predict(ctx, r)
		if err != nil {
			return nil, err
		}
		each[i].Outputs = one.([]*serve.Tensor)
	}
	each[1] = serve.Answer{Err: errSecond}
	return each, nil
}

func TestEachGetsItsAnswer(t *testing.T) {
	for _, more := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			m := &several{double: double{gate: make(chan struct{})}, more: more}
			b := NewBatcher(m, BatchOptions{MaxRows: 8, Instances: 1})
			reqs := []*serve.Request{rowsReq(1, 1, 3), rowsReq(2, 2, 3), rowsReq(3, 1, 3)}
			outs, errs := putTogether(t, b, &m.double, reqs...)
			for i, out := range outs {
				switch {
				case more > 0 && errs[i] == nil, i == 1 && more == 0 && !errors.Is(errs[i], errSecond):
					t.Errorf("%d more: request %d: %v, %v", more, i, out, errs[i])
				case more == 0 && i != 1 && (errs[i] != nil || checkAnswer(reqs[i], out) != ""):
					t.Errorf("request %d: %v %s", i, errs[i], checkAnswer(reqs[i], out))
				}
			}
			if err := b.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestHowAnAnswerIsWrittenKeepsNobodyApart puts together what wants its answer in JSON
// and what wants it in bytes.
func TestHowAnAnswerIsWrittenKeepsNobodyApart(t *testing.T) {
	text, binary := rowsReq(1, 1, 3), rowsReq(1, 1, 3).WithParameters(map[string]any{paramBinary: true})
	if !alike(&item{req: text, shaped: true}, &item{req: binary, shaped: true}) {
		t.Error("they do not go together")
	}
	if keyOf(text) != keyOf(binary) {
		t.Error("they are two in the cache")
	}
}

// TestParametersOfTensors keeps requests apart whose tensors are to be read in another
// way, and gives the model the parameters where they are the same.
func TestParametersOfTensors(t *testing.T) {
	of := func(contentType string) *item {
		in := serve.NewBytes("x", []string{"a"}, 1, 1)
		in.Parameters = map[string]any{"content_type": contentType}
		return &item{req: &serve.Request{Inputs: []*serve.Tensor{in}}, shaped: true}
	}
	a, same, other := of("str"), of("str"), of("base64")
	if !alike(a, same) || alike(a, other) || keyOf(a.req) != keyOf(same.req) || keyOf(a.req) == keyOf(other.req) {
		t.Error("the parameters of tensors are not looked at")
	}
	merged, err := merge([]*item{a, same})
	if err != nil || merged.Inputs[0].Parameters["content_type"] != "str" {
		t.Errorf("%v, %v", merged, err)
	}
	a.req.Inputs[0].Parameters["content_type"] = []any{}
	if known(a.req) {
		t.Error("what cannot be compared is looked up")
	}
}
