package repo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo/triton"
)

// ensembles checks that the models are there which others are made of, and that
// none is made of itself, and notes how deep they are.
func (s *scanner) ensembles(models []*Model) {
	byName := make(map[string]*Model, len(models))
	for _, m := range models {
		byName[m.Name] = m
	}
	for _, m := range models {
		if e := m.ensemble(); e != nil {
			e.check(m, byName)
		}
	}
	d := &depths{models: byName, known: map[*Model]int{}}
	for _, m := range models {
		m.depth = d.of(m, nil)
	}
	for _, m := range models {
		if m.Err != nil {
			m.Versions = nil
		}
	}
}

// ensemble is what the model is made of; nil if it is made of nothing.
func (m *Model) ensemble() *ensemble {
	if len(m.Versions) == 0 {
		return nil
	}
	return m.Versions[len(m.Versions)-1].ensemble
}

func (e *ensemble) check(m *Model, byName map[string]*Model) {
	var problems []graph.Problem
	for i, step := range e.steps {
		other := byName[step.Model]
		if other != nil && (step.Version == "" || other.Err != nil || other.hasVersion(step.Version)) {
			continue
		}
		at := e.c.Place(fmt.Sprintf("ensemble_scheduling.step[%d].model_name", i))
		p := graph.Problem{File: m.Path + "/" + triton.File, Pos: at}
		if p.Msg = fmt.Sprintf("there is no model %q in the repository", step.Model); other != nil {
			p.Msg = fmt.Sprintf("there is no version %s of model %q", step.Version, step.Model)
		} else if near := catalog.Nearest(step.Model, namesIn(byName)); len(near) > 0 {
			p.Msg += fmt.Sprintf(" (did you mean %q?)", near[0])
		}
		problems = append(problems, p)
	}
	if len(problems) > 0 {
		m.Err = &SettingsError{problems}
	}
}

func namesIn(byName map[string]*Model) []string {
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m *Model) hasVersion(number string) bool {
	return slices.ContainsFunc(m.Versions, func(v Version) bool { return v.Number == number })
}

// maxEnsembleDepth is how deep models may be made of others.
const maxEnsembleDepth = 16

// depths are how deep models are made of others.
type depths struct {
	models map[string]*Model
	known  map[*Model]int
}

// of is the depth of one, which is above those that it is made of. One that is made
// of itself is refused.
func (d *depths) of(m *Model, above []string) int {
	e := m.ensemble()
	if e == nil || m.Err != nil {
		return 0
	}
	if n, ok := d.known[m]; ok {
		return n
	}
	if at := slices.Index(above, m.Name); at >= 0 {
		m.Err = fmt.Errorf("the ensemble is made of itself: %s", strings.Join(append(above[at:], m.Name), ", which is made of "))
		return 0
	}
	if len(above) == maxEnsembleDepth {
		m.Err = fmt.Errorf("ensembles are made of ensembles deeper than %d", maxEnsembleDepth)
		return 0
	}
	deepest := 0
	for _, step := range e.steps {
		if other := d.models[step.Model]; other != nil {
			deepest = max(deepest, d.of(other, append(slices.Clone(above), m.Name)))
		}
	}
	d.known[m] = deepest + 1
	return deepest + 1
}
