package repo

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/internal/repo/kserve"
	"github.com/leat-ml/leat/schedule"
)

// services is a root that has resources of KServe in it.
func (s *scanner) services(file string) ([]*Model, error) {
	text, err := s.readSettings(file)
	if err != nil {
		return nil, err
	}
	byName := map[string][]*Model{}
	for _, r := range kserve.ReadAll(file, text) {
		models, err := s.service(file, r)
		if err != nil {
			return nil, err
		}
		for _, m := range models {
			byName[m.Name] = append(byName[m.Name], m)
		}
	}
	var all []*Model
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, one(byName[name]))
	}
	return all, nil
}

// service are the models of a resource.
func (s *scanner) service(file string, r *kserve.Resource) ([]*Model, error) {
	c, problems := r.Service, r.Problems
	m := &Model{Name: c.Name, Path: file}
	if m.Name == "" {
		m.Name = stem(file)
	}
	m.Err = m.found(file, problems)
	if wrong := checkName(m.Name); wrong != nil {
		m = refused(m.Name, file, wrong)
	}
	if m.Err != nil {
		return []*Model{m}, nil //nolint:nilerr // it stands in the listing, with the reason
	}
	if c.Runtime == "" { // a repository of Triton's
		return s.stored(m, c)
	}
	v := Version{Number: firstVersion, Runtime: s.set.Runtime(c.Runtime)}
	if v.Runtime == nil {
		v.Err = fmt.Errorf("format %s: this server has no runtime %s (it has %s)", c.Format, c.Runtime, s.known())
	} else {
		v.Path, v.Err = s.serviceFile(c, &v)
	}
	v.plan = &foreign.Plan{Runtime: v.Runtime}
	if c.MaxBatch > 1 {
		v.plan.Batch = &schedule.BatchOptions{MaxRows: c.MaxBatch, Delay: c.Latency, Instances: runtime.GOMAXPROCS(0)}
	}
	m.Versions = []Version{v}
	return []*Model{m}, nil
}

// below is where storage is on this machine: relative paths are from the resource.
func (s *scanner) below(storage string) string {
	if filepath.IsAbs(storage) {
		return storage
	}
	return s.path(storage)
}

// stored are the models of the repository that a resource names.
func (s *scanner) stored(m *Model, c *kserve.Service) ([]*Model, error) {
	if strings.Contains(c.Storage, "://") {
		m.Err = fmt.Errorf("storageUri %s: a repository of Triton's has to be on this machine", c.Storage)
		return []*Model{m}, nil
	}
	models, err := scan(s.below(c.Storage), s.set, "")
	if err != nil {
		m.Err = fmt.Errorf("storageUri %s: %w", c.Storage, err)
		models = []*Model{m} // which stands in the listing with the reason
		return models, nil
	}
	if rel, err := filepath.Rel(s.dir, s.below(c.Storage)); err == nil {
		for _, m := range models {
			m.move(filepath.ToSlash(rel))
		}
	}
	return models, nil
}

// move names the files of a model from a folder that its repository is in.
func (m *Model) move(to string) {
	m.Path = path.Join(to, m.Path)
	for i := range m.Warnings {
		m.Warnings[i].File = path.Join(to, m.Warnings[i].File)
	}
	moveProblems(to, m.Err)
	for i := range m.Versions {
		moveProblems(to, m.Versions[i].Err)
		if e := m.Versions[i].ensemble; e != nil {
			e.file = path.Join(to, e.file)
		}
	}
}

func moveProblems(to string, err error) {
	var s *SettingsError
	if !errors.As(err, &s) {
		return
	}
	for i := range s.Problems {
		s.Problems[i].File = path.Join(to, s.Problems[i].File)
	}
}

// serviceFile is the model's file: the storage itself, or the one in its folder that
// the runtime knows.
func (s *scanner) serviceFile(c *kserve.Service, v *Version) (string, error) {
	if strings.Contains(c.Storage, "://") {
		return c.Storage, nil
	}
	at := s.below(c.Storage)
	info, err := os.Stat(at)
	if err != nil {
		return at, fmt.Errorf("storageUri %s: %w", c.Storage, cause(err))
	}
	if !info.IsDir() {
		return at, nil
	}
	in := &scanner{root: at, dir: at, info: info, set: s.set, left: maxFolder}
	f, err := in.list(".", maxFolder)
	if err != nil {
		return at, err
	}
	found, err := in.pick(f, &Model{}, v.Runtime)
	if err != nil {
		return at, fmt.Errorf("storageUri %s: %w", c.Storage, err)
	}
	return in.path(found.file), nil
}
