package python

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// severally tells a class of Triton's which rows are whose, where the request was made
// of several: its execute gets a list of requests. It returns how many; 0 means that
// the request is one.
func (m *Model) severally(ctx context.Context, about *meta, req *serve.Request) int {
	if m.object.Kind != "triton" {
		return 0
	}
	reqs := serve.Together(ctx)
	rows := 0
	for _, r := range reqs {
		rows += r.Inputs[0].Shape[0]
	}
	if len(reqs) < 2 || len(req.Inputs) == 0 || rows != req.Inputs[0].Shape[0] {
		return 0
	}
	about.key("rows")
	for i, r := range reqs {
		about.b = append(about.b, "[,"[min(i, 1)])
		about.b = strconv.AppendInt(about.b, int64(r.Inputs[0].Shape[0]), 10)
	}
	about.b = append(about.b, ']')
	return len(reqs)
}

// answers are those to the requests of a call, of which there are so many.
func (m *Model) answers(f *frame, requests int) ([]serve.Answer, error) {
	var said struct {
		Responses []struct {
			Tensors int    `json:"tensors"`
			Error   string `json:"error"`
			Failed  bool   `json:"failed"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(f.meta, &said); err != nil {
		return nil, fmt.Errorf("%w: its responses: %w", errAnswer, err)
	}
	metas, err := tensorMetas(f.meta)
	if err != nil {
		return nil, err
	}
	all, err := tensorsIn(metas, f.body)
	if err != nil {
		return nil, err
	}
	if len(said.Responses) != requests {
		return nil, fmt.Errorf("%w: %d responses to %d requests", errAnswer, len(said.Responses), requests)
	}
	each := make([]serve.Answer, requests)
	for i, r := range said.Responses {
		if r.Tensors < 0 || r.Tensors > len(all) {
			return nil, fmt.Errorf("%w: response %d has %d tensors, of which there are %d", errAnswer, i, r.Tensors, len(all))
		}
		if r.Failed {
			each[i].Err = (&Failure{Class: "TritonModelException", Message: r.Error}).answer()
		}
		each[i].Outputs, all = all[:r.Tensors:r.Tensors], all[r.Tensors:]
	}
	return each, nil
}
