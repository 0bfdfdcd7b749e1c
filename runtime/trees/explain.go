package trees

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/serve"
)

var _ serve.Explainer = (*Model)(nil)

// Explain answers with the contributions of the features to the margins of the
// rows (SHAP values): "contributions", as the output "contrib" has them, and
// "features", the names of its columns.
func (m *Model) Explain(ctx context.Context, req *serve.Request) (any, error) {
	if len(req.Inputs) != 1 {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "the model takes one input, not %d", len(req.Inputs))
	}
	contribs, err := m.answer(ctx, req.Inputs[0], Contrib, "contributions")
	if err != nil {
		return nil, err
	}
	names := m.columns()
	return []*serve.Tensor{contribs, serve.NewBytes("features", names, len(names))}, nil
}

// columns are the names of what contributions are of: the features, and the
// margin that is expected of a row of which nothing is known.
func (m *Model) columns() []string {
	names := make([]string, 0, m.features+1)
	names = append(names, m.ensemble.Info().FeatureNames...)
	for f := len(names); f < m.features; f++ {
		names = append(names, fmt.Sprintf("f%d", f))
	}
	return append(names, "bias")
}
