package conformance

import (
	"context"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/remote"
	"github.com/leat-ml/leat/v2"
)

// verifyClasses are all classes and handlers that the specs run by the real
// MLRun name: those of user_code.py and of verify/more_user_code.py.
func verifyClasses() *catalog.Set {
	set := classes()
	addFlowClasses(set, &board{visits: map[string]int{}})
	remote.Register(set)
	for name, newModel := range map[string]func() serve.Model{
		"ConstClass":     func() serve.Model { return &constClass{} },
		"NestMul":        func() serve.Model { return &nestMul{} },
		"Shift":          func() serve.Model { return &shift{} },
		"Sleep12":        func() serve.Model { return &one{} },
		"FirstMulLogged": func() serve.Model { return &firstMul{} },
	} {
		set.Add(v2.Class(name, newModel))
	}
	for name, f := range moreHandlers {
		set.AddFunc(name, f)
	}
	return set
}

// shift adds 100 to the inputs before it answers with each row's first.
type shift struct{ base }

func (m *shift) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, columns, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	var out []int64
	for i := 0; i < len(x); i += columns {
		out = append(out, int64(x[i])+100)
	}
	return out, nil
}

// one answers with 1.
type one struct{ base }

func (m *one) Predict(context.Context, *serve.Request) (any, error) { return []int64{1}, nil }

func object(pairs ...any) *serve.Object {
	o := serve.NewObject()
	for i := 0; i < len(pairs); i += 2 {
		o = o.With(pairs[i].(string), pairs[i+1])
	}
	return o
}

func constant(v any) catalog.Func {
	return func(context.Context, any) (any, error) { return v, nil }
}

func raise(class, text string) catalog.Func {
	return func(context.Context, any) (any, error) {
		return nil, &serve.Error{Code: serve.Internal, Class: class, Err: errors.New(text)}
	}
}

// key is Python's event[name].
func key(event any, name string) (any, error) {
	o, ok := event.(*serve.Object)
	if !ok {
		return nil, &serve.Error{Code: serve.Internal, Class: "TypeError", Err: fmt.Errorf("%T is not subscriptable", event)}
	}
	if v, ok := o.Value(name); ok {
		return v, nil
	}
	return nil, &serve.Error{Code: serve.Internal, Class: "KeyError", Err: fmt.Errorf("'%s'", name)}
}

var moreHandlers = map[string]catalog.Func{
	"wrap":       func(_ context.Context, x any) (any, error) { return object("wrapped", x), nil },
	"items":      func(_ context.Context, x any) (any, error) { return key(x, "items") },
	"nothing":    constant(nil),
	"empty_list": constant([]any{}),
	"zero":       constant(int64(0)),
	"truth":      constant(true),
	"text":       constant("some text"),
	"key_error":  func(_ context.Context, x any) (any, error) { return key(x, "missing") },
	"type_error": raise("TypeError", "wrong type"),
	"chained":    raise("RuntimeError", "outer, caused by: inner"),
	"show":       show,
	"note":       note,
	"teapot":     teapot,
	"running":    step.WithState(running),
	"count":      func(_ context.Context, x any) (any, error) { return int64(len(list(x))), nil },
	"total": func(_ context.Context, x any) (any, error) {
		sum := int64(0)
		for _, item := range list(x) {
			sum += item.(int64)
		}
		return sum, nil
	},
	"add_one": func(_ context.Context, x any) (any, error) {
		switch n := x.(type) {
		case int64:
			return n + 1, nil
		case float64:
			return n + 1, nil
		}
		return nil, &serve.Error{Code: serve.Internal, Class: "TypeError", Err: fmt.Errorf("cannot add to %T", x)}
	},
}

func show(_ context.Context, x any) (any, error) {
	ev := x.(*serve.Event)
	body, err := oip.Value(ev.Body)
	if err != nil {
		return nil, err
	}
	ev.Body = serve.ValueBody(object("body", body, "path", ev.Target.Path, "method", ev.Target.Method, "id", ev.Identify()))
	return ev, nil
}

func note(_ context.Context, x any) (any, error) {
	ev := x.(*serve.Event)
	body, err := oip.Value(ev.Body)
	if err != nil || ev.Fault == nil {
		return nil, errors.Join(err, errors.New("no fault"))
	}
	ev.Body = serve.ValueBody(object("origin", ev.Fault.Step, "was", body))
	return ev, nil
}

func teapot(_ context.Context, x any) (any, error) {
	ev := x.(*serve.Event)
	ev.Body = serve.ValueBody("short and stout")
	ev.Reply = &serve.Reply{Status: 418, ContentType: "text/tea"}
	return ev, nil
}

func running(_ context.Context, event, state any) (result, next any, err error) {
	sum := event.(int64) + state.(int64)
	return sum, sum, nil
}
