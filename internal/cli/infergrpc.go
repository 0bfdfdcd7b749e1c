package cli

import (
	"context"
	"encoding/json"

	"github.com/leat-ml/leat/client/clientgrpc"
)

// overGRPC asks as overHTTP does, and returns what HTTP would have for a body: the
// answer in JSON.
func (c *inferCmd) overGRPC(ctx context.Context, from where, token token, body []byte) ([]byte, error) {
	cl, err := clientgrpc.New(from.base, &clientgrpc.Options{Timeout: -1, Retries: -1, Token: token.bearer()})
	if err != nil {
		return nil, badUsage("%s: %v", from.flag, err)
	}
	defer func() { _ = cl.Close() }()
	switch c.Operation {
	case "infer", "predict":
		return c.inferTensors(ctx, cl, body)
	case "metadata":
		meta, err := cl.ModelMetadata(ctx, c.Model, c.Version)
		if err != nil {
			return nil, err
		}
		return json.Marshal(meta)
	case "ready":
		ready, err := cl.ModelReady(ctx, c.Model, c.Version)
		if err != nil {
			return nil, err
		}
		return c.saidReady(ready)
	}
	return nil, badUsage("--operation %s: over gRPC there are infer, ready and metadata", c.Operation)
}

// saidReady is an answer to whether the model is ready, where the server has only yes
// and no.
func (c *inferCmd) saidReady(ready bool) ([]byte, error) {
	return json.Marshal(map[string]any{"name": c.Model, "ready": ready})
}
