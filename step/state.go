package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// WithState makes a function for MapWithState of one that takes what it is
// about, the body or the event, and the state, and returns the result and the
// new state.
func WithState(f func(ctx context.Context, event, state any) (result, next any, err error)) catalog.Func {
	return func(ctx context.Context, x any) (any, error) {
		event, state := pair(x)
		result, next, err := f(ctx, event, state)
		return []any{result, next}, err
	}
}

// Reducer makes a function for Reduce of one that takes the value so far and
// the body or event, and returns the new value.
func Reducer(f func(ctx context.Context, value, event any) (any, error)) catalog.Func {
	return func(ctx context.Context, x any) (any, error) {
		event, value := pair(x)
		return f(ctx, value, event)
	}
}

// withState is what functions with a state get, {"event": event, "state": state}:
// the arguments of MapWithState's in MLRun, in their order.
func withState(event, state any) any {
	return serve.NewObject(serve.Field{Key: "event", Value: event}, serve.Field{Key: "state", Value: state})
}

// valueWith is the same with the value so far in front: functions of other
// languages take the two in the order of the members.
func valueWith(event, value any) any {
	return serve.NewObject(serve.Field{Key: "state", Value: value}, serve.Field{Key: "event", Value: event})
}

func pair(x any) (event, state any) {
	o, _ := object(x)
	if o == nil {
		return nil, nil
	}
	event, _ = o.Value("event")
	state, _ = o.Value("state")
	return event, state
}

// mapWithState puts what a function makes of the body and a state in the place
// of the body, and keeps the state that it returns: one for all events, or one
// a key. Its events go through one after another.
type mapWithState struct {
	unary
	turn  turn
	by    grouping
	keyed bool
	start any
	state any        // where there is one
	table table[any] // where there is one a key
}

type stateConfig struct {
	common
	Initial any `arg:"initial_state"`
	stateFunc
	Group   bool     `arg:"group_by_key"`
	Key     grouping `arg:"key_field,key"`
	MaxKeys int      `arg:"max_keys"`
}

// stateFunc is the function of a step with a state: fn, which gets an object of
// event and state, or an expression over the two.
type stateFunc struct {
	Fn         catalog.Func `arg:"fn"`
	Expression catalog.Func `arg:"expression"`
}

func (f stateFunc) chosen() (catalog.Func, error) {
	if (f.Fn == nil) == (f.Expression == nil) {
		return nil, configError("fn", "or expression is needed, one of them")
	}
	if f.Fn == nil {
		return f.Expression, nil
	}
	return f.Fn, nil
}

// maxKeys is how many keys a step remembers where the spec does not say it.
const maxKeys = 100_000

func newMapWithState(a catalog.Args) (serve.Step, error) {
	c := stateConfig{MaxKeys: maxKeys}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if c.MaxKeys < 1 {
		return nil, configError("max_keys", "must be at least 1, found %d", c.MaxKeys)
	}
	initial, err := document(c.Initial)
	if err != nil {
		return nil, configError("initial_state", "cannot be read: %v", err)
	}
	f, err := c.chosen()
	if err != nil {
		return nil, err
	}
	s := &mapWithState{unary: unaryOf(a, f), turn: newTurn(), by: c.Key, state: initial, start: initial}
	if s.keyed = c.Group || !c.Key.none(); !s.keyed {
		return s, nil
	}
	if s.by.none() {
		s.by.attribute = "key"
	}
	s.table.max = c.MaxKeys
	if _, ok := object(initial); !ok && initial != nil {
		return nil, configError("initial_state", "must be a mapping of keys and their states with group_by_key, found %s", args.Describe(c.Initial))
	}
	return s, nil
}

func (s *mapWithState) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	var x any = ev
	var key string
	var err error
	if !s.whole {
		if x, err = view(ev.Body, s.input); err != nil {
			return serve.Pass, err
		}
	}
	if s.keyed {
		if key, err = s.by.of(ctx, ev, s.input, s.whole); err != nil {
			return serve.Pass, err
		}
	}
	if err := s.turn.take(ctx); err != nil {
		return serve.Pass, err
	}
	defer s.turn.give()
	v, err := s.f(ctx, withState(x, s.current(key)))
	if err != nil {
		return serve.Pass, err
	}
	both, ok := elements(v)
	if !ok || len(both) != 2 {
		return serve.Pass, serve.Errorf(serve.Internal, "TypeError", "the function must return the result and the new state, [result, state], and returned %s", args.Describe(v))
	}
	if err := s.put(ev, both[0]); err != nil {
		return serve.Pass, err
	}
	s.keep(key, both[1])
	return serve.Pass, nil
}

// current is the state that the function gets. A key that is new has the state
// that initial_state gives it, else an empty object.
func (s *mapWithState) current(key string) any {
	if !s.keyed {
		return s.state
	}
	if v := s.table.find(key); v != nil {
		return *v
	}
	if o, ok := object(s.start); ok {
		if v, ok := o.Value(key); ok {
			return v
		}
	}
	return serve.NewObject()
}

func (s *mapWithState) keep(key string, state any) {
	if !s.keyed {
		s.state = state
		return
	}
	v, _ := s.table.at(key)
	*v = state
}
