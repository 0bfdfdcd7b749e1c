package step

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// unary is what steps around one function have in common: the function, and
// what it is given. The zero value calls nothing.
type unary struct {
	f             catalog.Func
	whole         bool // the function gets the event
	input, result string
	about         catalog.Inference // of f; nil where nothing is known of it
}

// OwnPaths tells the engine that the step handles input_path and result_path
// itself: they are about what the function gets and gives, not about the event
// that goes on.
func (u *unary) OwnPaths() bool { return true }

// call gives the event, or the part of its body that the path names, to the
// function.
func (u *unary) call(ctx context.Context, ev *serve.Event) (any, error) {
	if u.whole {
		return u.f(ctx, ev)
	}
	x, err := view(ev.Body, u.input)
	if err != nil {
		return nil, err
	}
	return u.f(ctx, x)
}

// put makes the result of the function the body of the event. A function that
// gets events may give one.
func (u *unary) put(ev *serve.Event, v any) error {
	if u.whole {
		if out, ok := v.(*serve.Event); ok {
			become(ev, out)
			return nil
		}
	}
	return place(ev, u.result, v)
}

// become makes ev what a function has made of it; nil leaves it as it is.
func become(ev, out *serve.Event) {
	if out == ev || out == nil {
		return
	}
	ev.Body, ev.Reply, ev.Header, ev.Key, ev.Target = out.Body, out.Reply, out.Header, out.Key, out.Target
}

// common are the arguments that storey's classes around a function all take.
// Functions here get a context and block nobody, so both change nothing.
type common struct {
	LongRunning bool `arg:"long_running"`
	PassContext bool `arg:"pass_context"`
}

// fnConfig are the arguments of classes that have a function and nothing else.
type fnConfig struct {
	common
	Fn catalog.Func `arg:"fn,required"`
}

// decode reads the arguments of a class into c. A handler that the spec names beside
// the class has to be one of its methods, as in MLRun, whose words these are.
func decode(a catalog.Args, c any) error {
	switch a.Handler {
	case "", "do", "_do", "do_event":
	default:
		return fmt.Errorf("handler (%s) specified but doesnt exist in class %s", a.Handler, a.Class)
	}
	return args.Decoder{Func: a.Func}.Decode(a.Values, c)
}

// newUnary makes the common part of a class whose only argument is fn. A handler
// that the spec names beside the class is taken for it.
func newUnary(a catalog.Args) (unary, error) {
	c := fnConfig{}
	if _, given := a.Values["fn"]; !given && a.Handler != "" {
		values := map[string]any{"fn": a.Handler}
		for key, v := range a.Values {
			values[key] = v
		}
		a.Values, a.Handler = values, ""
	}
	if err := decode(a, &c); err != nil {
		return unary{}, err
	}
	u := unaryOf(a, c.Fn)
	u.about = about(a, "fn")
	return u, nil
}

func unaryOf(a catalog.Args, f catalog.Func) unary {
	return unary{f: f, whole: a.FullEvent, input: a.InputPath, result: a.ResultPath}
}

// out is a step's place in the graph, for those that need to know it.
type out struct{ links serve.Links }

// Link implements [serve.Linker].
func (o *out) Link(l serve.Links) error {
	o.links = l
	return nil
}
