package v2

import (
	"context"

	"github.com/leat-ml/leat/serve"
)

// Explain has the loaded model explain. Some runtimes' models do not.
func (f *FileModel) Explain(ctx context.Context, req *serve.Request) (any, error) {
	e, ok := f.model.(serve.Explainer)
	if !ok {
		return nil, serve.Errorf(serve.NotOffered, "NotImplementedError", "the model does not explain")
	}
	return e.Explain(ctx, req)
}
