package python

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Entry implements [catalog.Others]: the class of that name.
func (g *Group) Entry(name string) *catalog.Entry {
	o := g.loaded.Objects[name]
	if o == nil {
		return nil
	}
	e := &catalog.Entry{Name: name, Doc: "Python code of yours", Router: o.Kind == "router"}
	e.New = func(a catalog.Args) (serve.Step, error) {
		switch o.Kind {
		case "function": // as a class it is a model
			model := *o
			model.Kind = "model"
			return g.model(name, &model, a)
		case "model", kindMLServer, kindTriton:
			if !slices.Contains(o.Hooks, "do_event") {
				return g.model(name, o, a)
			} // a model that handles events itself is a step
		case "router":
			return g.router(name, o, a)
		}
		return g.step(name, o, a)
	}
	return e
}

// Step implements [catalog.Stepper]: the function of that name as a step.
func (g *Group) Step(name string, a catalog.Args) (serve.Step, error) {
	o := g.loaded.Objects[name]
	if o == nil || o.Kind != "function" {
		return nil, nil
	}
	m, err := g.add(creation{Kind: o.Kind, Class: name, Name: a.Name, FullEvent: a.FullEvent})
	if err != nil {
		return nil, err
	}
	return &step{g: g, object: m, whole: o.wantsEvent("", a.FullEvent)}, nil
}

// step makes a step of a class.
func (g *Group) step(name string, o *Object, a catalog.Args) (serve.Step, error) {
	c, err := g.creation(name, o, a)
	if err != nil {
		return nil, err
	}
	if a.Handler != "" && o.Kind == "class" && !slices.Contains(o.Methods, a.Handler) {
		return nil, fmt.Errorf("class %s (%s:%d) has no method %q%s", name, o.File, o.Line, a.Handler, didYouMean(a.Handler, o.Methods))
	}
	m, err := g.add(c)
	if err != nil {
		return nil, err
	}
	return &step{g: g, object: m, whole: o.Kind == "model" || o.wantsEvent(a.Handler, a.FullEvent)}, nil
}

// creation is what the worker is told of an object, and what is wrong with its
// arguments.
func (g *Group) creation(name string, o *Object, a catalog.Args) (creation, error) {
	c := creation{
		Kind: o.Kind, Class: name, Name: a.Name, Args: map[string]any{}, Handler: a.Handler, FullEvent: a.FullEvent,
		InputPath: a.InputPath, ResultPath: a.ResultPath,
	}
	for key, v := range a.Written {
		named, isName := v.(string)
		if len(key) < 2 || key[0] != '_' || !isName {
			c.Args[key] = v
			continue
		}
		if g.loaded.Objects[named] == nil && !isExpression(named, a.Values[key[1:]]) {
			return c, fmt.Errorf("%s: a class in Python takes a function in Python, and %q is none", key, named)
		}
		if c.FunctionArgs == nil {
			c.FunctionArgs = map[string]string{}
		}
		c.FunctionArgs[key[1:]] = named
	}
	err := o.accepts(name, &c)
	return c, err
}

// isExpression says whether an argument is an expression, and so a function of the
// event. It compiled, so nothing is in it that could reach the process that has it.
func isExpression(text string, compiled any) bool {
	_, ok := compiled.(catalog.Func)
	return ok && strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")")
}

// common are the arguments that a class gets by itself where it takes them.
var common = []string{"name", "context", "input_path", "result_path", "full_event", "model_path", "protocol", "graph_step"}

// about is what clients are told of the class; "" of a pickle, which is nowhere.
func (o *Object) about(name string) string {
	if o.File == "" {
		return ""
	}
	return fmt.Sprintf("%s (%s:%d)", name, filepath.Base(o.File), o.Line)
}

// accepts finds what Python would say of the arguments.
func (o *Object) accepts(name string, c *creation) error {
	if o.Kind != "class" {
		return nil
	}
	at := fmt.Sprintf("class %s (%s:%d)", name, o.File, o.Line)
	given := func(arg string) bool {
		_, plain := c.Args[arg]
		_, function := c.FunctionArgs[arg]
		return plain || function
	}
	for _, arg := range o.Required {
		if !given(arg) && !slices.Contains(common, arg) {
			return fmt.Errorf("%s needs the argument %s in class_args", at, arg)
		}
	}
	if o.AnyArgs {
		return nil
	}
	for _, arg := range slices.Concat(slices.Sorted(maps.Keys(c.Args)), slices.Sorted(maps.Keys(c.FunctionArgs))) {
		if !slices.Contains(o.Args, arg) {
			return fmt.Errorf("%s takes no argument %s%s", at, arg, didYouMean(arg, o.Args))
		}
	}
	return nil
}

func didYouMean(word string, names []string) string {
	if near := catalog.Nearest(word, names); len(near) > 0 {
		return " (did you mean " + strings.Join(near, " or ") + "?)"
	}
	return ""
}
