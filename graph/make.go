package graph

import (
	"fmt"
	"maps"
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
