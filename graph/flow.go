package graph

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// flow makes the plan of a flow. It returns nil when there is a problem.
func (b *builder) flow(flow *StepSpec, name string) *plan {
	before := len(b.problems)
	switch flow.Engine {
	case "", "sync", "async":
	default:
		// MLRun takes anything else for async.
		b.warn(flow.Pos, "engine %q is taken for async", flow.Engine)
	}
	if len(flow.Steps) == 0 {
		b.problem(flow.Pos, "%s: a flow without steps", label(flow))
	}
	l := b.link(flow, flow.Steps)
	if len(b.problems) == before {
		l = b.localSteps(l, flow)
		b.checkEngine(l, flow)
		b.checkFinal(l, flow)
	}
	made := make([]serve.Step, len(l.steps))
	order := l.order()
	for _, i := range order {
		made[i] = b.step(l, i, flow, name)
	}
	if len(b.problems) > before && b.failed() {
		return nil
	}
	p := newPlan(b.g, name, l, made, flow)
	if err := p.link(l); err != nil {
		pos := flow.Pos
		var at *linkError
		if errors.As(err, &at) {
			pos = l.steps[at.step].Pos
			err = fmt.Errorf("%s: %w", label(l.steps[at.step]), at.err)
		}
		b.problem(pos, "%v", err)
		return nil
	}
	return p
}

func (b *builder) failed() bool {
	return slices.ContainsFunc(b.problems, func(p Problem) bool { return !p.Warning })
}

// checkEngine refuses what the synchronous engine does not have.
func (b *builder) checkEngine(l *links, flow *StepSpec) {
	if flow.Engine != "sync" {
		return
	}
	if len(l.starts) > 1 {
		b.problem(l.steps[l.starts[1]].Pos, "sync engine can only have one starting step (without .after)")
	}
	for i, next := range l.next {
		if len(next) > 1 {
			b.problem(l.steps[i].Pos, "synchronous flow engine doesnt support branches use async, step=%s", l.steps[i].Name)
		}
	}
}

func (b *builder) checkFinal(l *links, flow *StepSpec) {
	if flow.FinalStep != "" && !slices.Contains(l.names(), flow.FinalStep) {
		b.problem(flow.Pos, "unknown final_step %q%s", flow.FinalStep, nearest(flow.FinalStep, l.names()))
	}
}

// order is upstream first: each step comes after all that lead to it, and what
// handles errors after what fails.
func (l *links) order() []int {
	var out []int
	seen := make([]bool, len(l.steps))
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, n := range l.next[i] {
			visit(n)
		}
		if i < len(l.handler) && l.handler[i] != none {
			visit(l.handler[i])
		}
		out = append(out, i)
	}
	for i := len(l.steps) - 1; i >= 0; i-- {
		visit(i)
	}
	slices.Reverse(out)
	return out
}

// step makes a step of any kind, and what it contains.
func (b *builder) step(l *links, i int, flow *StepSpec, name string) serve.Step {
	s := l.steps[i]
	b.at = join(name, s.Name)
	switch s.Kind {
	case "router":
		if step := b.router(s); step != nil {
			return routed{step}
		}
		return nil
	case "flow":
		return b.nested(s, b.at)
	case "queue":
		return b.queue(s, flow, l.functionBehind(i))
	case "", "task", "error_step":
		return b.task(s)
	}
	b.problem(s.Pos, "%s: kind %q is not supported by this version yet", label(s), s.Kind)
	return nil
}

// queue makes a queue: without a stream, events pass at once. function is the
// one that the steps behind it are of. Those of other functions follow it too,
// though they are not here.
func (b *builder) queue(s, flow *StepSpec, function string) serve.Step {
	if s.Path == "" {
		return b.made(s, passOn{})
	}
	entry := b.o.Catalog.Lookup("queue")
	if entry == nil {
		b.problem(s.Pos, "%s: this program has no queues over streams", label(s))
		return nil
	}
	if function == "" && b.o.Function != "*" {
		function = b.o.Function
	}
	args := b.args(s)
	args.Values = map[string]any{
		"path": s.Path, "shards": s.Shards, "retention_in_hours": s.RetentionHours,
		"trigger_args": s.TriggerArgs, "options": s.Options, "function": function, "engine": flow.Engine,
		"followed": slices.ContainsFunc(flow.Steps, func(n *StepSpec) bool { return slices.Contains(n.After, s.Name) }),
	}
	return b.made(s, b.construct(s, entry.New, args))
}

// functionBehind is the function that the first of a step's followers with one
// is of; "" where none has.
func (l *links) functionBehind(i int) string {
	for _, n := range l.next[i] {
		if f := l.steps[n].Function; f != "" && f != "*" {
			return f
		}
	}
	return ""
}

func (b *builder) made(s *StepSpec, step serve.Step) serve.Step {
	if step == nil {
		return nil
	}
	b.g.steps, b.g.places = append(b.g.steps, step), append(b.g.places, b.at)
	return withPaths(s, step)
}

// nested makes a flow that is a step of another.
func (b *builder) nested(s *StepSpec, name string) serve.Step {
	inner := *s
	if answers := s.answering(); answers == nil {
		b.problem(s.Pos, "%s: a nested flow needs a responder, or one last step, whose result is its own", label(s))
		return nil
	} else if !answers.Responder {
		marked := *answers
		marked.Responder = true
		inner.Steps = slices.Clone(s.Steps)
		inner.Steps[slices.Index(s.Steps, answers)] = &marked
	}
	p := b.flow(&inner, name)
	if p == nil {
		return nil
	}
	return withPaths(s, &nested{plan: p})
}

// answering is the step of a nested flow whose result is the flow's: the
// responder, the final step, or the one that nothing comes after.
func (s *StepSpec) answering() *StepSpec {
	after := map[string]bool{}
	for _, in := range s.Steps {
		if in.Responder || in.Name == s.FinalStep {
			return in
		}
		for _, name := range in.After {
			after[name] = true
		}
	}
	var last *StepSpec
	for _, in := range s.Steps {
		if after[in.Name] || in.Kind == "error_step" {
			continue
		}
		if last != nil {
			return nil
		}
		last = in
	}
	return last
}

// function makes a step of a handler without a class.
func (b *builder) function(s *StepSpec) serve.Step {
	if strings.HasPrefix(s.Handler, "(") && !strings.HasSuffix(s.Handler, ")") {
		b.problem(s.Pos, "%s: expression %s: it begins with ( and has to end with )", label(s), s.Handler)
		return nil
	}
	own, err := b.o.Catalog.Step(s.Handler, catalog.Args{Name: s.Name, FullEvent: s.FullEvent, Env: b.o.Env})
	if own != nil && err == nil {
		return b.made(s, own)
	}
	if err != nil {
		b.problem(s.Pos, "%s: %v", label(s), err)
		return nil
	}
	f, err := b.o.Catalog.Func(s.Handler)
	if err != nil {
		b.problem(s.Pos, "%s: %v", label(s), err)
		return nil
	}
	step := &function{f: f, whole: s.FullEvent}
	if infer := b.o.Catalog.Infer; infer != nil && isExpression(s.Handler) {
		if step.about, err = infer(s.Handler, s.FullEvent, "event"); err != nil {
			b.problem(s.Pos, "%s: %v", label(s), err)
			return nil
		}
	}
	return b.made(s, step)
}

// values are class_args with functions for the keys that begin with "_".
func (b *builder) values(s *StepSpec) map[string]any {
	var out map[string]any
	for key, v := range s.Args {
		if len(key) < 2 || key[0] != '_' {
			continue
		}
		if out == nil {
			out = maps.Clone(s.Args)
		}
		name, ok := v.(string)
		if !ok {
			b.problem(s.ArgPos[key], "%s: %s names a function, and is %T", label(s), key, v)
			continue
		}
		f, err := b.o.Catalog.Func(name)
		if err != nil {
			b.problem(or(s.ArgPos[key], s.Pos), "%s: %s: %v", label(s), key, err)
			continue
		}
		delete(out, key)
		out[key[1:]] = f
	}
	if out == nil {
		return s.Args
	}
	return out
}
