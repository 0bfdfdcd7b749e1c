package repo

import (
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo/triton"
	"github.com/leat-ml/leat/v2"
)

// maxForeign is how large a file of another server's settings may be.
const maxForeign = 4 << 20

// readSettings reads such a file.
func (s *scanner) readSettings(rel string) ([]byte, error) {
	f, err := os.Open(s.path(rel))
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxForeign+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(text) > maxForeign {
		return nil, fmt.Errorf("the file is larger than %d bytes", maxForeign)
	}
	return text, nil
}

// found notes the problems of a file of settings; the error is those that keep the
// model from being served.
func (m *Model) found(file string, problems []graph.Problem) error {
	var errs []graph.Problem
	for _, p := range problems {
		p.File = file
		if p.Warning {
			m.Warnings = append(m.Warnings, p)
		} else {
			errs = append(errs, p)
		}
	}
	if len(errs) > 0 {
		return &SettingsError{errs}
	}
	return nil
}

// triton fills in a model that config.pbtxt describes.
func (s *scanner) triton(m *Model, f *folder, numbers []string) error {
	m.Triton = true
	rel := f.in(triton.File)
	text, err := s.readSettings(rel)
	if err != nil {
		return fmt.Errorf("%s: %w", rel, err)
	}
	c, problems := triton.Read(text, m.Name)
	if err := m.found(rel, problems); err != nil {
		return err
	}
	numbers = m.withoutZeros(f, numbers)
	if c.Kind == triton.Ensemble && len(numbers) == 0 {
		numbers = []string{firstVersion}
	}
	if len(numbers) == 0 {
		return fmt.Errorf("there is no version folder: put the model's file into %s", f.in(firstVersion))
	}
	m.Versioned = true
	slices.SortFunc(numbers, v2.CompareVersions)
	served, missing := c.Serves(numbers)
	var absent []graph.Problem // as Triton has it, the others are served
	for _, number := range missing {
		absent = append(absent, graph.Problem{
			Pos: c.Place("version_policy"), Msg: fmt.Sprintf("there is no version %s, only %s", number, some(numbers)), Warning: len(served) > 0,
		})
	}
	if err := m.found(rel, absent); err != nil {
		return err
	}
	for _, number := range served {
		t := &tritonVersion{s: s, m: m, f: f, c: c, number: number}
		m.Versions = append(m.Versions, t.version())
	}
	return nil
}

// withoutZeros are the version folders that Triton's documentation has served: those
// whose name begins with a zero are ignored.
func (m *Model) withoutZeros(f *folder, numbers []string) []string {
	var served []string
	for _, number := range numbers {
		if number[0] != '0' {
			served = append(served, number)
			continue
		}
		m.Warnings = append(m.Warnings, graph.Problem{File: f.in(number), Msg: "the folder is ignored: versions are whole numbers from 1, without zeros in front", Warning: true})
	}
	return served
}

// A tritonVersion is one version of a model that config.pbtxt describes.
type tritonVersion struct {
	s      *scanner
	m      *Model
	f      *folder
	c      *triton.Config
	number string
}

func (t *tritonVersion) version() Version {
	v := Version{Number: t.number, Path: t.s.path(t.f.in(t.number))}
	if v.Err = checkNumber(t.number); v.Err != nil {
		return v
	}
	if t.c.Kind == triton.Ensemble {
		v.Path = t.s.path(t.f.rel)
		v.ensemble, v.Err = t.ensemble()
		return v
	}
	if v.Err = t.locate(&v); v.Err != nil {
		return v
	}
	v.plan, v.Err = t.plan(v.Runtime)
	return v
}

// runtimes are ours by the backend.
func (t *tritonVersion) runtimeName() string {
	switch t.c.Kind {
	case triton.ONNX:
		return "onnx"
	case triton.Python:
		return "python"
	case triton.Trees:
		if strings.HasPrefix(t.c.Parameters["model_type"].GetStringValue(), "lightgbm") {
			return "lightgbm"
		}
		return "xgboost"
	}
	return ""
}

// locate finds the model's file and its runtime.
func (t *tritonVersion) locate(v *Version) error {
	inside, err := t.s.list(t.f.in(t.number), maxFolder)
	if err != nil {
		return fmt.Errorf("version folder %s: %w", t.f.in(t.number), err)
	}
	var rt *catalog.RuntimeEntry
	if name := t.runtimeName(); name != "" {
		if rt = t.s.set.Runtime(name); rt == nil {
			return fmt.Errorf("backend %s: this server has no runtime %s (it has %s)", t.c.Kind, name, t.s.known())
		}
	}
	names := t.c.Files()
	if names == nil {
		found, err := t.s.pick(inside, t.m, nil)
		if err != nil {
			return fmt.Errorf("folder %s: %w", inside.rel, err)
		}
		v.Path, v.Runtime = t.s.path(inside.in(found.file)), found.rt
		return nil
	}
	for _, name := range names {
		rel := inside.in(name)
		if slices.Contains(inside.dirs, name) { // with its weights beside it
			rel = path.Join(rel, name)
		}
		info, err := os.Stat(t.s.path(rel))
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		v.Path, v.Runtime = t.s.path(rel), rt
		if rt == nil {
			v.Runtime, err = t.s.detect(rel, nil)
			if err == nil && v.Runtime == nil {
				err = t.s.unknown(rel)
			}
		}
		return err
	}
	has := "nothing"
	if len(inside.files) > 0 {
		has = some(inside.files)
	}
	return fmt.Errorf("folder %s: there is no %s in it, but %s: name the file with default_model_filename in %s", inside.rel, names[0], has, triton.File)
}
