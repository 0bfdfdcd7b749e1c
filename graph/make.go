package graph

import (
	"fmt"
	"maps"
	"slices"
)

// MaxSteps is how many routes a spec made in Go may have, as in MLRun. Files
// may have more.
const MaxSteps = 4500

// NewRouter returns a spec whose root is a router, to add routes to.
func NewRouter() *Spec {
	return &Spec{Graph: &StepSpec{Kind: "router"}}
}

// AddRoute adds a step under a key, "m1" or "m3:v1", and returns the spec. What
// is wrong with it is reported by Build.
func (s *Spec) AddRoute(key string, step StepSpec) *Spec {
	if len(s.Graph.Routes) >= MaxSteps {
		if len(s.problems) == 0 {
			s.problems = append(s.problems, Problem{Msg: fmt.Sprintf("Cannot create the serving graph: the maximum number of steps is %d", MaxSteps)})
		}
		return s
	}
	step.Name = key
	s.Graph.Routes = append(s.Graph.Routes, &step)
	return s
}

// AddModel adds a model of a class: path becomes its model_path, and args its
// other arguments, which its GetParam finds. It returns the spec.
func (s *Spec) AddModel(key, class, path string, args map[string]any) *Spec {
	all := maps.Clone(args)
	if all == nil {
		all = map[string]any{}
	}
	all["model_path"] = path
	return s.AddRoute(key, StepSpec{Class: class, Args: all})
}

// NewFlow returns a spec whose root is a flow, to add steps to. The engine is
// "sync": one chain of steps, the last of which answers; or "async": branches, a
// responder, and steps behind the answer.
func NewFlow(engine string) *Spec {
	return &Spec{Graph: &StepSpec{Engine: engine}}
}

// An At is a step of a flow that is being made, to go on from.
type At struct {
	spec *Spec
	step *StepSpec
}

// To adds a step that starts the flow, unless it says after which steps it comes.
func (s *Spec) To(name string, step StepSpec) At {
	step.Name = name
	s.Graph.Steps = append(s.Graph.Steps, &step)
	return At{s, &step}
}

// To adds a step behind this one, and behind those that it names itself.
func (a At) To(name string, step StepSpec) At {
	if !slices.Contains(step.After, a.step.Name) {
		step.After = append(slices.Clone(step.After), a.step.Name)
	}
	return a.spec.To(name, step)
}

// Respond makes the step the one whose result answers the request.
func (a At) Respond() At {
	a.step.Responder = true
	return a
}

// OnError adds a step that handles the errors of this one. What it passes on
// goes to the steps that it names in Before.
func (a At) OnError(name string, step StepSpec) At {
	a.step.OnError = name
	step.Kind, step.BaseStep = "error_step", a.step.Name
	a.spec.To(name, step)
	return a
}

// OnError adds a step that handles the errors of all others.
func (s *Spec) OnError(name string, step StepSpec) *Spec {
	s.Graph.OnError = name
	step.Kind = "error_step"
	s.To(name, step)
	return s
}

// SetFlow puts a chain of steps, which have names, behind the step. It replaces
// what followed the step if force says so, and is a problem otherwise.
func (a At) SetFlow(force bool, steps ...StepSpec) At {
	if a.spec.follows(a.step.Name) {
		if !force {
			a.spec.problems = append(a.spec.problems, Problem{Msg: "set_flow() called on a step that already has downstream steps. If you want to overwrite existing steps, set force=True."})
			return a
		}
		a.spec.cut(a.step.Name)
	}
	for _, s := range steps {
		a = a.To(s.Name, s)
	}
	return a
}

// SetFlow makes the flow a chain of steps. It replaces those that there are if
// force says so, and is a problem otherwise.
func (s *Spec) SetFlow(force bool, steps ...StepSpec) At {
	if len(s.Graph.Steps) > 0 {
		if !force {
			s.problems = append(s.problems, Problem{Msg: "set_flow() called on a step that already has downstream steps. If you want to overwrite existing steps, set force=True."})
			return At{s, s.Graph.Steps[0]}
		}
		s.Graph.Steps = nil
	}
	var at At
	for i, step := range steps {
		if i == 0 {
			at = s.To(step.Name, step)
			continue
		}
		at = at.To(step.Name, step)
	}
	return at
}

func (s *Spec) follows(name string) bool {
	return slices.ContainsFunc(s.Graph.Steps, func(step *StepSpec) bool { return slices.Contains(step.After, name) })
}

// cut removes what only a step led to.
func (s *Spec) cut(name string) {
	var gone []string
	s.Graph.Steps = slices.DeleteFunc(s.Graph.Steps, func(step *StepSpec) bool {
		if !slices.Contains(step.After, name) {
			return false
		}
		step.After = slices.DeleteFunc(slices.Clone(step.After), func(after string) bool { return after == name })
		if len(step.After) == 0 {
			gone = append(gone, step.Name)
			return true
		}
		return false
	})
	for _, name := range gone {
		s.cut(name)
	}
}
