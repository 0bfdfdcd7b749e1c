package python

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// severally tells a class of Triton's which rows are whose, where the request was made
// of several, and what each says: its execute gets a list of requests. It returns how
// many; 0 means that the request is one.
func (m *Model) severally(ctx context.Context, about *meta, req *serve.Request) (requests int, err error) {
	if m.object.Kind != kindTriton {
		return 0, nil
	}
	reqs := serve.Together(ctx)
	rows := 0
	for _, r := range reqs {
		rows += r.Inputs[0].Shape[0]
	}
	if len(reqs) < 2 || len(req.Inputs) == 0 || rows != req.Inputs[0].Shape[0] {
		return 0, nil
	}
	about.key("rows")
	for i, r := range reqs {
		about.b = append(about.b, "[,"[min(i, 1)])
		about.b = strconv.AppendInt(about.b, int64(r.Inputs[0].Shape[0]), 10)
	}
	about.b = append(about.b, ']')
	return len(reqs), about.requests(reqs)
}

// requests tells what each of several requests says of itself, if any says anything.
func (m *meta) requests(reqs []*serve.Request) error {
	if !slices.ContainsFunc(reqs, speaks) {
		return nil
	}
	m.key("requests")
	for i, r := range reqs {
		m.b = append(m.b, "[,"[min(i, 1)])
		one := meta{b: []byte{'{'}} // as long as nothing follows
		if err := one.request(r); err != nil {
			return err
		}
		m.b = append(append(m.b, one.b...), '}')
	}
	m.b = append(m.b, ']')
	return nil
}

func speaks(r *serve.Request) bool {
	return r.RawID != nil || len(r.Outputs) > 0 || len(r.Parameters) > 0
}

// answers are those to the requests of a call, of which there are so many.
func (m *Model) answers(f *frame, requests int) ([]serve.Answer, error) {
	var said struct {
		remarks
		Responses []struct {
			Tensors int    `json:"tensors"`
			Error   string `json:"error"`
			Status  int    `json:"status"`
			Failed  bool   `json:"failed"`
		} `json:"responses"`
	}
	if err := json.Unmarshal(f.meta, &said); err != nil {
		return nil, fmt.Errorf("%w: its responses: %w", errAnswer, err)
	}
	m.note(&said.remarks)
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
			each[i].Err = (&Failure{Class: "TritonModelException", Message: r.Error, Status: r.Status}).answer()
		}
		each[i].Outputs, all = all[:r.Tensors:r.Tensors], all[r.Tensors:]
	}
	return each, nil
}
