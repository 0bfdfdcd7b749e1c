package conformance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// classes registers Go models under the names of the classes in user_code.py.
func classes() *catalog.Set {
	set := catalog.Default.Clone()
	for name, newModel := range map[string]func() serve.Model{
		"ScalarMul":  func() serve.Model { return &scalarMul{} },
		"ScalarMul1": func() serve.Model { return &scalarMul1{} },
		"IrisMul":    func() serve.Model { return &irisMul{} },
		"EchoReq":    func() serve.Model { return &echoReq{} },
		"Raiser":     func() serve.Model { return &raiser{} },
		"SlowLoad":   func() serve.Model { return &slowLoad{} },
		"NeverLoads": func() serve.Model { return &never{} },
		"Hooks":      func() serve.Model { return &hooks{} },
		"Opaque":     func() serve.Model { return &opaque{} },
		"FirstMul":   func() serve.Model { return &firstMul{} },
		"VecMul":     func() serve.Model { return &vecMul{} },
		"ListEcho":   func() serve.Model { return &listEcho{} },
	} {
		set.Add(v2.Class(name, newModel))
	}
	return set
}

// base keeps the context that load gives a model.
type base struct{ ctx *serve.ModelContext }

func (b *base) Load(_ context.Context, m *serve.ModelContext) error {
	b.ctx = m
	return nil
}

// at is request["inputs"][i].
func at(req *serve.Request, i int) (any, error) {
	switch in := req.Data.(type) {
	case *serve.Tensor:
		if len(in.Shape) > 0 && i < in.Shape[0] {
			if len(in.Shape) == 1 {
				return in.At(i), nil
			}
			return in.Rows().([]any)[i], nil
		}
	case []any:
		if i < len(in) {
			return in[i], nil
		}
	}
	return nil, &serve.Error{Code: serve.Internal, Class: "IndexError", Err: fmt.Errorf("list index out of range")}
}

// mul is Python's product of two numbers.
func mul(a, b any) any {
	x, isInt := a.(int64)
	y, alsoInt := b.(int64)
	if isInt && alsoInt {
		return x * y
	}
	f, _ := serve.Number64(a)
	g, _ := serve.Number64(b)
	return f * g
}

func (b *base) mulFirst(req *serve.Request, def any) (any, error) {
	x, err := at(req, 0)
	if err != nil {
		return nil, err
	}
	m, ok := b.ctx.Param("multiplier")
	if !ok {
		m = def
	}
	return mul(x, m), nil
}

type scalarMul struct{ base }

func (m *scalarMul) Load(ctx context.Context, mc *serve.ModelContext) error {
	m.ctx = mc
	if strings.HasPrefix(mc.Path, "store:") {
		_, err := mc.GetModel(ctx, "")
		return err
	}
	return nil
}

func (m *scalarMul) Predict(_ context.Context, req *serve.Request) (any, error) {
	return m.mulFirst(req, nil)
}

func (m *scalarMul) Explain(_ context.Context, req *serve.Request) (any, error) {
	x, err := at(req, 0)
	return map[string]any{"explained": x}, err
}

func (m *scalarMul) Operation(name string) func(context.Context, *serve.Event) (any, error) {
	if name != "myop" {
		return nil
	}
	return func(_ context.Context, ev *serve.Event) (any, error) { return ev.Body, nil }
}

type scalarMul1 struct{ base }

func (m *scalarMul1) Predict(_ context.Context, req *serve.Request) (any, error) {
	return m.mulFirst(req, int64(1))
}

type irisMul struct{ base }

func (m *irisMul) Load(ctx context.Context, mc *serve.ModelContext) error {
	m.ctx = mc
	_, err := mc.GetModel(ctx, ".pkl")
	return err
}

func (m *irisMul) Predict(_ context.Context, req *serve.Request) (any, error) {
	return m.mulFirst(req, nil)
}

type echoReq struct{ base }

func (m *echoReq) Predict(_ context.Context, req *serve.Request) (any, error) { return req.Data, nil }

type listEcho struct{ base }

func (m *listEcho) Predict(_ context.Context, req *serve.Request) (any, error) { return req.Data, nil }

type raiser struct{ base }

func (m *raiser) Predict(context.Context, *serve.Request) (any, error) {
	return nil, serve.Errorf(serve.Internal, "ValueError", "simulated error..")
}

type slowLoad struct{ base }

func (m *slowLoad) Load(ctx context.Context, mc *serve.ModelContext) error {
	m.ctx = mc
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *slowLoad) Predict(_ context.Context, req *serve.Request) (any, error) { return at(req, 0) }

type opaque struct{ base }

func (m *opaque) Predict(context.Context, *serve.Request) (any, error) {
	return []any{make(chan int)}, nil
}

type firstMul struct{ base }

func (m *firstMul) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, columns, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	k, err := serve.Param(m.ctx, "multiplier", 1.0)
	if err != nil {
		return nil, err
	}
	out := make([]float64, 0, len(x))
	for i := 0; i < len(x); i += columns {
		out = append(out, x[i]*k)
	}
	return out, nil
}

type vecMul struct{ base }

func (m *vecMul) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, _, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	k, err := serve.Param(m.ctx, "multiplier", 1.0)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(x))
	for i := range x {
		out[i] = x[i] * k
	}
	return map[string]any{"predictions": out}, nil
}

// hooks leaves a mark in every hook, so that a test sees which ran in which
// order.
type hooks struct {
	base
	tag string
}

func (m *hooks) Load(_ context.Context, mc *serve.ModelContext) (err error) {
	m.ctx = mc
	m.tag, err = serve.Param(mc, "tag", "none")
	return err
}

func (m *hooks) Preprocess(_ context.Context, req *serve.Request) (*serve.Request, error) {
	if len(req.Inputs) == 0 {
		return req, nil
	}
	x := req.Inputs[0].Clone()
	ints, ok := serve.Data[int64](x)
	if !ok {
		return nil, serve.Errorf(serve.BadRequest, "TypeError", "integers only")
	}
	for i := range ints {
		ints[i]++
	}
	return req.WithData(x), nil
}

func (m *hooks) ValidateRequest(_ context.Context, req *serve.Request) error {
	if err := req.Validate(); err != nil {
		return err
	}
	ints, _ := serve.Data[int64](req.Inputs[0])
	for _, n := range ints {
		if n < 0 {
			return serve.Errorf(serve.BadRequest, "ValueError", "negative input")
		}
	}
	return nil
}

func (m *hooks) Predict(_ context.Context, req *serve.Request) (any, error) {
	ints, _ := serve.Data[int64](req.Inputs[0])
	m.ctx.SetMetric("rows", float64(len(ints)))
	out := make([]int64, len(ints))
	for i, n := range ints {
		out[i] = n * 10
	}
	return out, nil
}

func (m *hooks) Postprocess(_ context.Context, resp *serve.Response) (*serve.Response, error) {
	resp.Set("tag", m.tag)
	return resp, nil
}
