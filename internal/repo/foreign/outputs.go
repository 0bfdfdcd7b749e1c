package foreign

import (
	"slices"

	"github.com/leat-ml/leat/serve"
)

// choose notes which outputs to ask for, where not all of the model's are declared. A
// model with sequences answers with all, since it may have states among them.
func (m *Model) choose(own []serve.TensorSpec) {
	p := m.plan
	hidden := func(s serve.TensorSpec) bool {
		return !slices.ContainsFunc(p.ModelOutputs, func(d serve.TensorSpec) bool { return d.Name == s.Name })
	}
	if p.Sequence != nil || p.Adapt != nil && p.ModelOutputs == nil || p.ModelOutputs == nil || !slices.ContainsFunc(own, hidden) {
		return
	}
	for _, s := range p.ModelOutputs {
		m.wanted = append(m.wanted, serve.RequestedOutput{Name: s.Name})
	}
}

// declared leaves out what is not declared, of models that answer with all they have.
func (m *Model) declared(out any) any {
	all, ok := out.([]*serve.Tensor)
	if !ok || !slices.ContainsFunc(all, m.undeclared) {
		return out
	}
	return slices.DeleteFunc(slices.Clone(all), m.undeclared)
}

func (m *Model) undeclared(t *serve.Tensor) bool {
	return !slices.ContainsFunc(m.wanted, func(w serve.RequestedOutput) bool { return w.Name == t.Name })
}
