package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
)

// A board is what the steps of one graph share, as they do on MLRun's context.
type board struct {
	mu       sync.Mutex
	visits   map[string]int
	gathered []any
}

// addFlowClasses registers the steps and handlers of user_code.py.
func addFlowClasses(set *catalog.Set, b *board) {
	expr.Register(set)
	step.Register(set)
	for name, do := range map[string]func(a catalog.Args, event any) (any, error){
		"Echo":     func(_ catalog.Args, event any) (any, error) { return event, nil },
		"Const":    func(a catalog.Args, _ any) (any, error) { return a.Values["data"], nil },
		"Chain":    func(a catalog.Args, event any) (any, error) { return append(list(event), a.Name), nil },
		"RespName": func(a catalog.Args, event any) (any, error) { return []any{event, a.Name}, nil },
		"Raise": func(_ catalog.Args, event any) (any, error) {
			text, err := oip.AppendValue(nil, event)
			if err != nil {
				return nil, err
			}
			return nil, serve.Errorf(serve.Internal, "ValueError", " this is an error, %s", text)
		},
		"Visit": func(a catalog.Args, event any) (any, error) {
			b.mu.Lock()
			b.visits[a.Name]++
			b.mu.Unlock()
			return append(list(event), a.Name), nil
		},
		"Gather": func(_ catalog.Args, event any) (any, error) {
			b.mu.Lock()
			b.gathered = append(b.gathered, event)
			b.mu.Unlock()
			return event, nil
		},
		"Add": func(a catalog.Args, event any) (any, error) {
			add, _ := a.Values["add"].(int64)
			n, ok := event.(int64)
			if !ok {
				return nil, fmt.Errorf("cannot add to %T", event)
			}
			return n + add, nil
		},
	} {
		set.Add(catalog.Entry{Name: name, New: func(a catalog.Args) (serve.Step, error) {
			return serve.StepFunc(func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
				event, err := oip.Value(ev.Body)
				if err != nil {
					return serve.Pass, err
				}
				v, err := do(a, event)
				if err != nil {
					return serve.Pass, err
				}
				ev.Body = serve.ValueBody(v)
				return serve.Pass, nil
			}), nil
		}})
	}
	set.Add(catalog.Entry{Name: "EchoError", New: func(catalog.Args) (serve.Step, error) { return serve.StepFunc(echoError), nil }})
	for name, f := range handlers {
		set.AddFunc(name, f)
	}
}

// echoError answers with what failed.
func echoError(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := oip.Value(ev.Body)
	if err != nil || ev.Fault == nil {
		return serve.Pass, errors.Join(err, errors.New("no fault"))
	}
	ev.Body = serve.ValueBody(serve.NewObject(
		serve.Field{Key: "body", Value: v},
		serve.Field{Key: "origin_state", Value: ev.Fault.Step},
		serve.Field{Key: "error", Value: serve.NewObject(serve.Field{Key: ev.Fault.Step, Value: ev.Fault.Err.Error()})},
	))
	return serve.Pass, nil
}

var handlers = map[string]catalog.Func{
	"ident":   func(_ context.Context, x any) (any, error) { return x, nil },
	"dbl":     double,
	"double":  double,
	"dbl_ctx": double,
	"fail": func(context.Context, any) (any, error) {
		return nil, serve.Errorf(serve.Internal, "ValueError", "failed on purpose")
	},
	"maybe": func(_ context.Context, x any) (any, error) {
		if x == "bad" {
			return nil, serve.Errorf(serve.Internal, "ValueError", "bad event")
		}
		return x, nil
	},
	"fix": func(_ context.Context, x any) (any, error) {
		ev := x.(*serve.Event)
		ev.Body = serve.ValueBody(serve.NewObject(serve.Field{Key: "fixed", Value: true}))
		return ev, nil
	},
	"mul_x": func(_ context.Context, x any) (any, error) {
		v, _ := x.(*serve.Object).Value("x")
		return serve.NewObject(serve.Field{Key: "mul", Value: v.(int64) * 2}), nil
	},
	"dbl_first": func(_ context.Context, x any) (any, error) {
		o := x.(*serve.Object)
		v, _ := o.Value("inputs")
		in := list(v)
		in[0] = in[0].(int64) * 2
		return o.With("inputs", in), nil
	},
	"type_name": func(_ context.Context, x any) (any, error) {
		switch x.(type) {
		case *serve.Object:
			return "dict", nil
		case *serve.Tensor, []any:
			return "list", nil
		case string:
			return "str", nil
		}
		return fmt.Sprintf("%T", x), nil
	},
	"json.dumps": func(_ context.Context, x any) (any, error) {
		text, err := oip.AppendValue(nil, x)
		return string(text), err
	},
}

func double(_ context.Context, x any) (any, error) {
	switch n := x.(type) {
	case int64:
		return 2 * n, nil
	case float64:
		return 2 * n, nil
	}
	return nil, fmt.Errorf("cannot double %T", x)
}

// list is the items of a JSON array, in memory of their own.
func list(v any) []any {
	switch v := v.(type) {
	case []any:
		return append([]any(nil), v...)
	case *serve.Tensor:
		items, _ := v.Rows().([]any)
		return append([]any(nil), items...)
	}
	return nil
}

// plain is what encoding/json makes of a value.
func plain(v any) any {
	text, err := oip.AppendValue(nil, v)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		panic(err)
	}
	return v
}
