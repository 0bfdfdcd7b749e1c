package triton

import (
	"fmt"
	"maps"
	"slices"

	"github.com/leat-ml/leat/oip/inference"
)

// A Step is one model of an ensemble. Maps are from its own names of tensors to
// those of the ensemble.
type Step struct {
	Model           string
	Version         string // "" is the latest
	Inputs, Outputs map[string]string
}

// Steps are the models of an ensemble.
func (c *Config) Steps() []Step {
	var steps []Step
	for _, s := range c.GetEnsembleScheduling().GetStep() {
		step := Step{Model: s.GetModelName(), Inputs: s.GetInputMap(), Outputs: s.GetOutputMap()}
		if s.GetModelVersion() > 0 {
			step.Version = fmt.Sprint(s.GetModelVersion())
		}
		steps = append(steps, step)
	}
	return steps
}

// ensemble checks how data flows: every tensor that a step or an answer needs is an
// input or comes from one step, and nothing waits for itself.
func (r *reader) ensemble(e *inference.ModelEnsembling) {
	const at = "ensemble_scheduling"
	if e.GetMaxInflightRequests() > 0 {
		r.warn(at+".max_inflight_requests", "max_inflight_requests has no effect: steps have limits of their own, in the models' dynamic_batching")
	}
	if len(e.GetStep()) == 0 {
		r.at(at, "an ensemble has steps")
		return
	}
	if len(r.Input) == 0 || len(r.Output) == 0 {
		r.at(at, "an ensemble has inputs and outputs")
		return
	}
	from := map[string]int{} // the step that a tensor comes from; -1 is the request
	for _, in := range r.Input {
		from[in.GetName()] = -1
	}
	for i, s := range e.GetStep() {
		r.step(fmt.Sprintf("%s.step[%d]", at, i), i, s, from)
	}
	for i, s := range e.GetStep() {
		for _, tensor := range slices.Sorted(maps.Values(s.GetInputMap())) {
			if _, ok := from[tensor]; !ok {
				r.at(fmt.Sprintf("%s.step[%d]", at, i), "tensor %q is neither an input nor an output of a step", tensor)
				from[tensor] = -1
			}
		}
	}
	for i, out := range r.Output {
		if _, ok := from[out.GetName()]; !ok {
			r.at(fmt.Sprintf("output[%d].name", i), "no step answers with %q", out.GetName())
		}
	}
	r.unused(e.GetStep())
	r.cycle(e.GetStep(), from)
}

// unused finds tensors that go nowhere, which Triton refuses: one of the two names is
// a slip, as a rule.
func (r *reader) unused(steps []*inference.ModelEnsembling_Step) {
	used := map[string]bool{}
	for _, out := range r.Output {
		used[out.GetName()] = true
	}
	for _, s := range steps {
		for _, tensor := range s.GetInputMap() {
			used[tensor] = true
		}
	}
	for i, in := range r.Input {
		if !used[in.GetName()] {
			r.at(fmt.Sprintf("input[%d].name", i), "no step takes input %q", in.GetName())
		}
	}
	for i, s := range steps {
		for _, own := range slices.Sorted(maps.Keys(s.GetOutputMap())) {
			if tensor := s.GetOutputMap()[own]; !used[tensor] {
				r.at(fmt.Sprintf("ensemble_scheduling.step[%d].output_map[%s]", i, own), "tensor %q goes nowhere: no step takes it, and it is no output", tensor)
			}
		}
	}
}

func (r *reader) step(at string, i int, s *inference.ModelEnsembling_Step, from map[string]int) {
	switch {
	case s.GetModelName() == "":
		r.at(at, "a step has a model_name")
	case s.GetModelName() == r.folder:
		r.at(at+".model_name", "the ensemble is a step of itself")
	}
	if s.GetModelNamespace() != "" {
		r.at(at+".model_namespace", "model_namespace is not supported: the repository has one namespace")
	}
	if v := s.GetModelVersion(); v < -1 {
		r.at(at+".model_version", "a version is a whole number from 1, or -1 for the latest, found %d", v)
	}
	if len(s.GetInputMap()) == 0 || len(s.GetOutputMap()) == 0 {
		r.at(at, "a step has an input_map and an output_map")
	}
	for _, own := range slices.Sorted(maps.Keys(s.GetOutputMap())) {
		tensor := s.GetOutputMap()[own]
		if _, twice := from[tensor]; twice {
			r.at(fmt.Sprintf("%s.output_map[%s]", at, own), "tensor %q is there already: it is an input or an output of another step", tensor)
			continue
		}
		from[tensor] = i
	}
}

// cycle finds steps that wait for themselves.
func (r *reader) cycle(steps []*inference.ModelEnsembling_Step, from map[string]int) {
	done := make([]bool, len(steps))
	for range steps {
		for i, s := range steps {
			ready := true
			for _, tensor := range s.GetInputMap() {
				if n := from[tensor]; n >= 0 && !done[n] {
					ready = false
				}
			}
			done[i] = done[i] || ready
		}
	}
	if i := slices.Index(done, false); i >= 0 {
		r.at(fmt.Sprintf("ensemble_scheduling.step[%d]", i), "the step waits for itself: its inputs come from its own outputs")
	}
}
