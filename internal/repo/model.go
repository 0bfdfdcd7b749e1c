package repo

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/internal/repo/mlserver"
	"github.com/leat-ml/leat/internal/repo/triton"
)

const (
	settingsFile = "model.yaml"      // ours
	artifactFile = "model_spec.yaml" // of an MLRun model folder
)

// foreignFiles are the files that other servers describe a model by. A model is not
// served without what they say.
var foreignFiles = []string{triton.File, mlserver.File}

// describesModel says whether a file in the folder makes it that of a model.
func (f *folder) describesModel() bool {
	return f.has(settingsFile) || f.has(artifactFile) || slices.ContainsFunc(foreignFiles, f.has)
}

// model is the model in a folder; nil if nothing in it looks like one.
func (s *scanner) model(name string, f *folder) *Model {
	m := &Model{Name: name, Path: f.rel}
	if !s.fill(m, f) {
		return nil
	}
	if err := checkName(m.Name); err != nil {
		return refused(m.Name, f.rel, err)
	}
	if m.Err != nil {
		m.Versions = nil
	}
	return m
}

// fill finds the versions of a model, or why there are none. It returns false
// when there is no model at all.
func (s *scanner) fill(m *Model, f *folder) bool {
	numbers := f.versions()
	if !f.describesModel() && len(numbers) == 0 {
		return s.fillPlain(m, f)
	}
	if s.described(m, f, numbers) {
		return true
	}
	if m.Versioned = len(numbers) > 0; !m.Versioned {
		numbers = []string{firstVersion}
	}
	rt, err := s.settings(m, f)
	switch {
	case err != nil:
		m.Err = err
	case f.more && m.Versioned:
		m.Err = tooMany()
	case m.Versioned:
		m.Err = s.versions(m, f, rt, numbers)
	default:
		m.Versions = []Version{s.version(firstVersion, f, m, rt)}
	}
	if m.Err == nil {
		m.Err = checkSettings(m, f, numbers)
	}
	if m.Err == nil {
		m.Err = m.scheduled(f)
	}
	return true
}

// described fills in a model that another server's settings describe; false where
// none do.
func (s *scanner) described(m *Model, f *folder, numbers []string) bool {
	for _, file := range foreignFiles {
		switch {
		case !f.has(file):
			continue
		case f.has(settingsFile) || f.has(artifactFile):
			m.Err = fmt.Errorf("there is %s beside %s: keep one of them", file, ourFile(f))
		case file == triton.File:
			m.Err = s.triton(m, f, numbers)
		default:
			m.Err = s.mlserver(m, f)
		}
		return true
	}
	return false
}

// ourFile is what describes a model in a folder by our own settings, or MLRun's.
func ourFile(f *folder) string {
	if f.has(settingsFile) {
		return settingsFile
	}
	return artifactFile
}

func tooMany() error { return fmt.Errorf("the folder has more than %d files in it", maxFolder) }

// fillPlain is a folder without version folders and model.yaml: a model if it
// has a model's file in it.
func (s *scanner) fillPlain(m *Model, f *folder) bool {
	v := s.version(firstVersion, f, m, nil)
	if errors.Is(v.Err, errNoModel) {
		return false
	}
	m.Versions = []Version{v}
	return true
}

// settings reads the model.yaml in f, if there is one, and finds the runtime
// that it names.
func (s *scanner) settings(m *Model, f *folder) (*catalog.RuntimeEntry, error) {
	if f.has("model.yml") {
		return nil, fmt.Errorf("model.yml is not read: rename it to %s", settingsFile)
	}
	if !f.has(settingsFile) {
		return nil, nil
	}
	rel := f.in(settingsFile)
	c, problems := config.ReadModelConfig(s.path(rel), config.Options{Lookup: os.LookupEnv})
	problems = slices.DeleteFunc(problems, func(p graph.Problem) bool { return p.Warning })
	if len(problems) > 0 {
		for i := range problems {
			problems[i].File = rel
		}
		return nil, &SettingsError{problems}
	}
	m.Settings = *c
	if c.Runtime == "" {
		return nil, nil
	}
	rt := s.set.Runtime(c.Runtime)
	if rt == nil {
		return nil, m.wrong(f, "runtime", "unknown runtime %q%s", c.Runtime, s.nearestRuntime(c.Runtime))
	}
	return rt, nil
}

// nearestRuntime is the hint for a runtime that is not there.
func (s *scanner) nearestRuntime(word string) string {
	if near := catalog.Nearest(word, s.runtimes()); len(near) > 0 {
		return fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return fmt.Sprintf(" (this server has %s)", s.known())
}

// wrong is a problem with the value of a key in the model.yaml of f.
func (m *Model) wrong(f *folder, key, format string, args ...any) error {
	p := graph.Problem{File: f.in(settingsFile), Pos: m.Settings.Pos[key], Msg: fmt.Sprintf(format, args...)}
	return &SettingsError{[]graph.Problem{p}}
}

// checkSettings checks that the versions that model.yaml speaks of are there.
func checkSettings(m *Model, f *folder, numbers []string) error {
	c := &m.Settings
	for _, number := range c.Versions {
		if !slices.Contains(numbers, number) {
			return m.wrong(f, "versions", "there is no version %s, only %s", number, some(numbers))
		}
	}
	var loaded []string
	for _, v := range m.Versions {
		loaded = append(loaded, v.Number)
	}
	if c.Default != "" && !slices.Contains(loaded, c.Default) {
		return m.wrong(f, "default", "the default is version %s, but the versions to load are %s", c.Default, some(loaded))
	}
	for _, label := range slices.Sorted(maps.Keys(c.Labels)) {
		if number := c.Labels[label]; !slices.Contains(loaded, number) {
			return m.wrong(f, "labels", "label %q is for version %s, but the versions to load are %s", label, number, some(loaded))
		}
	}
	return nil
}
