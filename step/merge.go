package step

import (
	"context"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// merge makes one event of the parts of an event that came through several
// branches: its body is the list of theirs. A part that has to wait is filtered
// as an event, and only its body is kept, so that a request of which a branch
// filtered its part, or which is given up for newer ones, is answered at once.
//
// A branch counts once a key: what it sends besides is ignored.
type merge struct {
	mergeConfig
	whole  bool
	links  serve.Links
	logger *slog.Logger

	mu      sync.Mutex
	pending table[parts]
	late    table[parts] // keys that are through or given up, whose other parts may still come
	lost    uint64
}

type mergeConfig struct {
	KeyPath   mergeKey `arg:"key_path"`
	MaxBehind int      `arg:"max_behind"`
	Expected  int      `arg:"expected_num_events"`
	Order     string   `arg:"order"`
}

// A mergeKey is how the parts of an event find each other: an expression over
// the event's body.
type mergeKey struct{ f catalog.Func }

// DecodeArg implements [args.Value]: an expression, which may lack the
// parentheses around it, or a function.
func (k *mergeKey) DecodeArg(d args.Decoder, v any) error {
	if text, ok := v.(string); ok && d.Func != nil && text != "" && text[0] != '(' {
		v = "(" + text + ")"
	}
	var err error
	k.f, err = d.Function(v)
	return err
}

// parts is what has come of an event.
type parts struct {
	came  []int // inlets, in the order of arrival
	bodys []any // the parts, likewise
}

func newMerge(a catalog.Args) (serve.Step, error) {
	c := mergeConfig{MaxBehind: 64, Order: "arrival"}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	switch {
	case c.MaxBehind < 1:
		return nil, configError("max_behind", "must be at least 1, found %d", c.MaxBehind)
	case c.Expected < 0:
		return nil, configError("expected_num_events", "must not be negative, found %d", c.Expected)
	case c.Order != "arrival" && c.Order != "after":
		return nil, configError("order", "must be arrival or after, found %q", c.Order)
	}
	s := &merge{mergeConfig: c, whole: a.FullEvent, logger: slog.New(slog.DiscardHandler)}
	s.pending = table[parts]{max: c.MaxBehind, fifo: true}
	s.late = table[parts]{max: max(256, 2*c.MaxBehind), fifo: true}
	if a.Env != nil && a.Env.Logger != nil {
		s.logger = a.Env.Logger
	}
	return s, nil
}

// Link implements [serve.Linker].
func (s *merge) Link(l serve.Links) error {
	s.links = l
	if s.Expected == 0 {
		s.Expected = len(l.In)
	}
	if s.Expected == 0 {
		return fmt.Errorf("it merges what the steps before it send, and there is none")
	}
	return nil
}

func (s *merge) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	key, err := s.key(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	body, err := view(ev.Body, "")
	if err != nil {
		return serve.Pass, err
	}
	all, ok := s.add(key, s.inlet(ev), body)
	if !ok {
		return serve.Drop, nil
	}
	ev.Body, ev.Reply = serve.ValueBody(all), nil
	return serve.Pass, nil
}

func (s *merge) key(ctx context.Context, ev *serve.Event) (string, error) {
	if s.KeyPath.f == nil {
		return ev.Identify(), nil
	}
	u := unary{f: s.KeyPath.f}
	v, err := u.call(ctx, ev)
	if err != nil {
		return "", err
	}
	return textOf("key_path", v)
}

// inlet is the branch that a part came through, or -1 where branches do not
// matter: parts are counted when more of them are expected than there are
// branches.
func (s *merge) inlet(ev *serve.Event) int {
	i, ok := ev.Inlet()
	if !ok || s.Expected > len(s.links.In) {
		return -1
	}
	return i
}

// add is one more part of an event. ok is true when it was the last one.
func (s *merge) add(key string, inlet int, body any) (all []any, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.comesLate(key, inlet) {
		return nil, false
	}
	p, evicted := s.pending.at(key)
	if evicted != nil {
		s.giveUp(evicted)
	}
	if inlet >= 0 && slices.Contains(p.came, inlet) {
		return nil, false
	}
	p.came, p.bodys = append(p.came, inlet), append(p.bodys, body)
	if len(p.came) < s.Expected {
		return nil, false
	}
	all = s.ordered(p)
	s.pending.remove(key)
	if p.bodys = nil; inlet >= 0 && len(p.came) < len(s.links.In) {
		late, _ := s.late.at(key)
		*late = *p
	}
	return all, true
}

// comesLate says whether a part belongs to an event that is through or given
// up. Such an event is forgotten when its last part has come, or a part of a
// branch that it had: then the key is in use again.
func (s *merge) comesLate(key string, inlet int) bool {
	late := s.late.find(key)
	if late == nil {
		return false
	}
	if inlet >= 0 && slices.Contains(late.came, inlet) {
		s.late.remove(key)
		return false
	}
	if late.came = append(late.came, inlet); len(late.came) >= max(s.Expected, len(s.links.In)) {
		s.late.remove(key)
	}
	return true
}

// giveUp forgets the oldest event for newer ones.
func (s *merge) giveUp(old *row[parts]) {
	late, _ := s.late.at(old.key)
	late.came = old.value.came
	if s.lost++; bits.OnesCount64(s.lost) == 1 { // 1, 2, 4, ... of them: no line for each
		s.logger.Warn("events were given up by a merge: not all of their parts came in time",
			"key", old.key, "parts", len(old.value.came), "expected", s.Expected, "max_behind", s.MaxBehind, "lost", s.lost)
	}
}

// ordered are the parts in the order that was asked for.
func (s *merge) ordered(p *parts) []any {
	if s.Order == "arrival" {
		return p.bodys
	}
	places := make([]int, len(p.bodys))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return p.came[a] - p.came[b] })
	out := make([]any, len(places))
	for i, place := range places {
		out[i] = p.bodys[place]
	}
	return out
}
