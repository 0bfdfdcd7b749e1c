package leat_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// MyModel multiplies by a weight that it reads from its model file, and by its
// parameter my_param.
type MyModel struct{ weight, param float64 }

func (m *MyModel) Load(ctx context.Context, mc *serve.ModelContext) error {
	model, err := mc.GetModel(ctx, ".txt")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(model.File)
	if err != nil {
		return err
	}
	if _, err := fmt.Sscan(string(text), &m.weight); err != nil {
		return fmt.Errorf("read the weight: %w", err)
	}
	m.param, err = serve.Param(mc, "my_param", 1.0)
	return err
}

func (m *MyModel) Predict(_ context.Context, req *serve.Request) (any, error) {
	rows, columns, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	out := make([]float64, 0, len(rows))
	for i := 0; i < len(rows); i += columns {
		out = append(out, rows[i]*m.weight*m.param)
	}
	return out, nil
}

// A model class of one's own: registered under a name, added to a router, tested
// in process and served.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.WriteFile(filepath.Join(dir, "model.txt"), []byte("2.5"), 0o600); err != nil {
		panic(err)
	}

	classes := catalog.Default.Clone()
	classes.Add(v2.Class("MyModel", func() serve.Model { return &MyModel{} }))
	spec := graph.NewRouter().AddModel("my", "MyModel", dir, map[string]any{"my_param": 5})
	srv, err := leat.New(spec, &leat.Options{Catalog: classes})
	if err != nil {
		panic(err)
	}
	if err := srv.Start(ctx); err != nil {
		panic(err)
	}
	defer func() { _ = srv.Close(ctx) }()

	// In process, without a port.
	answer, err := srv.Test(ctx, "/v2/models/my/infer", `{"id": "1", "inputs": [[2], [4]]}`)
	fmt.Println(string(answer), err)

	// Over HTTP; srv.ListenAndServe(ctx, "127.0.0.1:8080") does it for good.
	web := httptest.NewServer(srv.Handler())
	defer web.Close()
	resp, err := http.Post(web.URL+"/v2/models/my/infer", "application/json", strings.NewReader(`{"id": "2", "inputs": [[6]]}`))
	if err != nil {
		panic(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	// Output:
	// {"id":"1","model_name":"my","outputs":[25,50]} <nil>
	// {"id":"2","model_name":"my","outputs":[75]} <nil>
}
