package python

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/textproto"
	"slices"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

func canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }

// A Group is the code's part in one graph: its plain steps and functions, which
// share one worker. It has none where the graph has none of them. It implements
// [catalog.Life] and [catalog.Others].
type Group struct {
	loaded *Loaded
	env    *catalog.Env

	mu      sync.Mutex
	members []*member
	funcs   map[string]*member

	pool *pool // set by Start
}

// A member is one object in the worker of a group.
type member struct {
	number   uint16
	creation creation
}

// Join gives the code's names to the set, for one graph.
func (l *Loaded) Join(set *catalog.Set, env *catalog.Env) catalog.Life {
	g := &Group{loaded: l, env: env, funcs: map[string]*member{}}
	set.Others = g
	return g
}

// Same says whether the files, and what runs them, are as they were.
func (l *Loaded) Same(other catalog.Code) bool {
	o, ok := other.(*Loaded)
	return ok && o != nil && l != nil && l.digest == o.digest
}

// maxMembers is how many objects a worker can tell apart.
const maxMembers = 1<<16 - 1

// add notes an object that the worker is to have.
func (g *Group) add(c creation) (*member, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.members) == maxMembers {
		return nil, fmt.Errorf("there are more than %d steps of Python code", maxMembers)
	}
	m := &member{number: uint16(len(g.members) + 1), creation: c}
	g.members = append(g.members, m)
	return m, nil
}

// Classes implements [catalog.Others].
func (g *Group) Classes() []string {
	return g.names(func(o *Object) bool { return o.Kind != "function" })
}

// Functions implements [catalog.Others].
func (g *Group) Functions() []string {
	return g.names(func(o *Object) bool { return o.Kind == "function" })
}

func (g *Group) names(is func(*Object) bool) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(g.loaded.Objects)) {
		if is(g.loaded.Objects[name]) {
			all = append(all, name)
		}
	}
	return all
}

// Func implements [catalog.Others]: the function of that name.
func (g *Group) Func(name string) catalog.Func {
	o := g.loaded.Objects[name]
	if o == nil || o.Kind != "function" {
		return nil
	}
	g.mu.Lock()
	m := g.funcs[name]
	g.mu.Unlock()
	if m == nil {
		var err error
		if m, err = g.add(creation{Kind: o.Kind, Class: name, Name: name}); err != nil {
			return nil
		}
		g.mu.Lock()
		g.funcs[name] = m
		g.mu.Unlock()
	}
	whole := o.wantsEvent("", false)
	return func(ctx context.Context, x any) (any, error) { return g.function(ctx, m, whole, x) }
}

// function has the user's function make something of a value or an event.
func (g *Group) function(ctx context.Context, m *member, whole bool, x any) (any, error) {
	ev, isEvent := x.(*serve.Event)
	if !isEvent {
		last, parts, err := g.put(ctx, m, &meta{}, serve.ValueBody(x), whole)
		if err != nil {
			return nil, err
		}
		if len(parts) > 0 {
			return listOf(parts)
		}
		if last.flags&isWhole == 0 {
			return valueOf(&last)
		}
		return responseOf(&last)
	}
	var about meta
	about.event(ev)
	last, parts, err := g.put(ctx, m, &about, ev.Body, true)
	if err != nil {
		return nil, err
	}
	if len(parts) > 0 {
		return listOf(parts)
	}
	out := ev.Clone()
	if _, err := apply(out, &last); err != nil {
		return nil, err
	}
	return out, nil
}

// responseOf is what a function gave that is more than a value: an event with the
// reply, where it gave a response.
func responseOf(f *frame) (any, error) {
	out := &serve.Event{}
	if _, err := apply(out, f); err != nil {
		return nil, err
	}
	if out.Reply == nil {
		v, _ := out.Body.Value()
		return v, nil
	}
	return out, nil
}

// errStopped is what calls get before Start and after Close.
var errStopped = errors.New("the Python worker is not running")

// put puts a body to an object, and returns its answer.
func (g *Group) put(ctx context.Context, m *member, about *meta, b serve.Body, whole bool) (last frame, parts []frame, err error) {
	if g.pool == nil {
		return last, nil, errStopped
	}
	f := frame{kind: kindCall, object: m.number}
	if f.body, f.flags, err = payloadOf(b); err != nil {
		return last, nil, err
	}
	if whole {
		f.flags |= isEvent
	}
	f.meta = about.end()
	return g.pool.call(ctx, &f)
}

// Start starts the worker of the steps and functions, if there are any.
func (g *Group) Start(ctx context.Context) error {
	if len(g.members) == 0 {
		return nil
	}
	p := newPool(g.loaded, 1, g.loaded.logger().With("worker", "steps"))
	p.prepare = g.prepare
	p.asked = func(f frame) frame {
		return g.loaded.asked(f, g.env, p.logger, func(path, suffix string) (*serve.Artifact, error) { return openArtifact(g.env, path, suffix) })
	}
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("start the steps in Python: %w", err)
	}
	g.pool = p
	return nil
}

// prepare makes the objects in a worker.
func (g *Group) prepare(ctx context.Context, p *process, slot int) error {
	if _, err := g.loaded.greet(ctx, p, g.env, slot); err != nil {
		return err
	}
	for _, m := range g.members {
		if err := p.ask(ctx, kindCreate, m.number, &m.creation, nil); err != nil {
			return fmt.Errorf("step %s: %w", m.creation.Name, err)
		}
		if err := p.ask(ctx, kindLoad, m.number, struct{}{}, nil); err != nil {
			return fmt.Errorf("step %s: %w", m.creation.Name, err)
		}
	}
	return nil
}

// Down says why the steps cannot answer; nil when they can.
func (g *Group) Down() error { return g.pool.downtime() }

// Workers implements [serve.Crewed].
func (g *Group) Workers() serve.Workers { return g.pool.workers("steps") }

// Close ends the worker.
func (g *Group) Close(ctx context.Context) error {
	if g.pool == nil {
		return nil
	}
	return g.pool.close(ctx)
}
