package v2

import (
	"context"

	"github.com/leat-ml/leat/serve"
)

// Stream has the loaded model stream, or answer once if it is none that does.
func (f *FileModel) Stream(ctx context.Context, req *serve.Request, send func(any) error) error {
	if s, ok := f.model.(serve.Streamer); ok {
		return s.Stream(ctx, req, send)
	}
	outputs, err := f.model.Predict(ctx, req)
	if err != nil {
		return err
	}
	return send(outputs)
}
