package repo

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/internal/repo/mlserver"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

// mlserver fills in a model that model-settings.json describes.
func (s *scanner) mlserver(m *Model, f *folder) error {
	rel := f.in(mlserver.File)
	text, err := s.readSettings(rel)
	if err != nil {
		return fmt.Errorf("%s: %w", rel, err)
	}
	c, problems := mlserver.Read(text, func(module string) bool { return s.hasModule(f, module) })
	if c.Name != "" {
		m.Name = c.Name
	}
	if err := m.found(rel, problems); err != nil {
		return err
	}
	s.serverWorkers(m, c)
	s.others(m, f)
	number := c.Version
	if number == "" {
		number = firstVersion
	}
	m.variants = true
	m.Versions = []Version{s.mlserverVersion(number, f, c)}
	return nil
}

// others warns of models in the folders of a model, which MLServer serves, too.
func (s *scanner) others(m *Model, f *folder) {
	for _, dir := range f.dirs {
		rel := path.Join(f.in(dir), mlserver.File)
		if _, err := os.Stat(s.path(rel)); err == nil {
			_ = m.found(rel, []graph.Problem{{Pos: graph.Pos{Line: 1, Col: 1}, Warning: true,
				Msg: "the model is not served, since it is in the folder of another: put them side by side"}})
		}
	}
}

// serverWorkers takes the number of processes from the server's settings, where the
// model's say none.
func (s *scanner) serverWorkers(m *Model, c *mlserver.Settings) {
	text, err := s.readSettings(mlserver.ServerFile)
	if err != nil {
		return // there is none, as a rule
	}
	workers, problems := mlserver.ServerWorkers(text)
	_ = m.found(mlserver.ServerFile, problems) // warnings
	if c.Workers == 0 && workers > 0 {
		c.Workers = workers
	}
}

func (s *scanner) mlserverVersion(number string, f *folder, c *mlserver.Settings) Version {
	v := Version{Number: number, Path: s.path(f.rel)}
	if v.Runtime = s.set.Runtime(c.Runtime); v.Runtime == nil {
		v.Err = fmt.Errorf("implementation %s: this server has no runtime %s (it has %s)", c.Implementation, c.Runtime, s.known())
		return v
	}
	p := &foreign.Plan{Runtime: v.Runtime, Parameters: map[string]any{}, Inputs: informal(c.Inputs), Outputs: informal(c.Outputs)}
	if len(c.Inputs) == 0 {
		p.Inputs = nil
	}
	if len(c.Outputs) == 0 {
		p.Outputs = nil
	}
	if c.Runtime == "python" {
		v.Path = s.path(f.in(mlserver.File))
		v.Err = s.customClass(p, f, c)
	} else {
		v.Path, v.Err = s.modelFile(f, c, v.Runtime)
	}
	workers := runtime.GOMAXPROCS(0)
	if c.Runtime == "python" || c.Runtime == "sklearn" {
		workers = max(1, c.Workers)
		p.Parameters["workers"] = int64(workers)
	}
	if c.MaxBatch > 1 && c.BatchTime > 0 {
		p.Batch = &schedule.BatchOptions{MaxRows: c.MaxBatch, Delay: c.BatchTime, Instances: workers}
	}
	v.plan = p
	return v
}

// informal are tensors as MLServer takes what is said of them: numbers of any kind,
// and shapes for people unless they begin with the rows.
func informal(specs []serve.TensorSpec) []serve.TensorSpec {
	out := slices.Clone(specs)
	for i := range out {
		out[i].AnyNumber = out[i].Datatype.Numeric()
		if len(out[i].Shape) == 0 || out[i].Shape[0] >= 0 {
			out[i].Shape, out[i].Told = nil, out[i].Shape
		}
	}
	return out
}

// customClass is a class of users' code.
func (s *scanner) customClass(p *foreign.Plan, f *folder, c *mlserver.Settings) error {
	dir, err := filepath.Abs(s.path(f.rel))
	if err != nil {
		return err
	}
	uri := strings.TrimPrefix(c.URI, "file://")
	if !strings.Contains(uri, "://") && !filepath.IsAbs(uri) {
		uri = filepath.Join(dir, filepath.FromSlash(uri)) // without one it is the folder
	}
	p.Parameters = map[string]any{"class": c.Class, "code": s.codeFolders(dir), "settings": c.Said, "uri": uri}
	return nil
}

// codeFolders are where the classes of a model in dir are: there, or in the folder of
// the repository, as MLServer has it.
func (s *scanner) codeFolders(dir string) []any {
	root, err := filepath.Abs(s.dir)
	if err != nil || root == dir {
		return []any{dir}
	}
	return []any{dir, root}
}

// hasModule says whether there is a module of users' code of that name.
func (s *scanner) hasModule(f *folder, module string) bool {
	return slices.ContainsFunc([]string{f.in(module), f.in(module + ".py"), module, module + ".py"}, func(rel string) bool {
		_, err := os.Stat(s.path(rel))
		return err == nil
	})
}

// modelFile finds the file of a model: the one that uri names, or the one in its
// folder that is called as MLServer has it, or is the only one.
func (s *scanner) modelFile(f *folder, c *mlserver.Settings, rt *catalog.RuntimeEntry) (string, error) {
	uri := strings.TrimPrefix(c.URI, "file://")
	at := s.path(f.rel)
	switch {
	case strings.Contains(uri, "://"):
		return uri, nil
	case filepath.IsAbs(uri):
		at = uri
	case uri != "":
		at = filepath.Join(at, filepath.FromSlash(uri))
	}
	info, err := os.Stat(at)
	if err != nil {
		return at, fmt.Errorf("%s: parameters.uri is %s: %w", f.in(mlserver.File), c.URI, cause(err))
	}
	if info.Mode().IsRegular() {
		return at, nil
	}
	for _, name := range c.Files() {
		file := filepath.Join(at, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	if at != s.path(f.rel) {
		return at, fmt.Errorf("%s: there is none of %s in %s", f.in(mlserver.File), strings.Join(c.Files(), ", "), c.URI)
	}
	found, err := s.pick(f, &Model{}, rt)
	if err != nil {
		return at, fmt.Errorf("folder %s: %w", f.rel, err)
	}
	return s.path(path.Join(f.rel, found.file)), nil
}
