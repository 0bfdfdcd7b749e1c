package expr

import (
	"context"
	"fmt"
	"sync"

	"github.com/leat-ml/leat/catalog"
)

// A program is a compiled expression.
type program struct {
	text  string
	root  node
	names int
	slots int
}

// Compile makes a function of an expression over event, as a spec names it in
// place of a handler: "(event['x'] + 1)". The error is a *[SyntaxError].
func Compile(text string) (catalog.Func, error) {
	p, err := compile(text, "event")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, event any) (any, error) {
		r := runs.Get().(*run)
		r.ctx, r.few[0] = ctx, plain(event)
		return p.run(r)
	}, nil
}

// CompileVars makes a function of an expression over the named variables, whose
// values it takes in that order: a url_expression over event, endpoint and
// context. A *[catalog.Env] as a value is what MLRun calls the context. The
// error is a *[SyntaxError].
func CompileVars(text string, names ...string) (catalog.VarsFunc, error) {
	p, err := compile(text, names...)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, values ...any) (any, error) {
		if len(values) != p.names {
			return nil, fmt.Errorf("expression %s has %d variables, but is given %d values", shorten(text), p.names, len(values))
		}
		r := runs.Get().(*run)
		r.ctx, r.vars = ctx, r.few[:0]
		for _, v := range values {
			r.vars = append(r.vars, plain(v))
		}
		return p.run(r)
	}, nil
}

// Register makes this the expression language of a set.
func Register(set *catalog.Set) {
	set.Compile, set.CompileVars, set.Infer = Compile, CompileVars, Infer
}

func compile(text string, names ...string) (*program, error) {
	c := &compiler{text: text, names: names, slots: len(names)}
	if len(text) > maxText {
		return nil, c.errorf(maxText, "the expression is longer than %d bytes", maxText)
	}
	tokens, err := c.tokenize(text, 0)
	if err != nil {
		return nil, err
	}
	c.tokens = tokens
	root, err := c.whole()
	if err != nil {
		return nil, err
	}
	if err := c.bind(); err != nil {
		return nil, err
	}
	return &program{text: text, root: root, names: len(names), slots: c.slots}, nil
}

// runs are reused: one takes as long to make as a small expression to evaluate.
var runs = sync.Pool{New: func() any { return new(run) }}

// run evaluates the program with the variables that r has, which it gives back.
func (p *program) run(r *run) (any, error) {
	defer r.release()
	p.slotsOf(r)
	v, err := p.root.eval(r)
	if err == nil {
		v, err = r.result(v)
	}
	if err != nil {
		return nil, p.wrap(err)
	}
	return v, nil
}

func (r *run) release() {
	*r = run{}
	runs.Put(r)
}

// slotsOf makes room for the variables of comprehensions behind those that r
// has.
func (p *program) slotsOf(r *run) {
	if p.slots <= len(r.few) {
		r.vars = r.few[:p.slots]
		return
	}
	vars := make([]any, p.slots)
	copy(vars, r.few[:])
	copy(vars, r.vars)
	r.vars = vars
}
