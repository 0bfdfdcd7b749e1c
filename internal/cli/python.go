package cli

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// codeTimeout is how long users' code may take to be imported again.
const codeTimeout = 5 * time.Minute

// load loads the Python code of a source, from where the flags and the spec say,
// and returns what is wrong with it.
func (o *opener) load(ctx context.Context, src *source) []graph.Problem {
	c, names := o.codeOf(src), o.unknown(src.spec)
	if !c.Given() && !slices.ContainsFunc(names, importable) {
		if err := c.Interpreted(ctx); err != nil { // that models in files run on
			return []graph.Problem{codeProblem(src, err)}
		}
		return nil
	}
	src.codeFiles = pythonFiles(c.Paths, c.Folder)
	loaded, err := c.Load(ctx, names)
	if err != nil && !c.Given() {
		return nil // the names are told to be unknown
	}
	if err != nil {
		src.broken = true
		return []graph.Problem{codeProblem(src, err)}
	}
	src.code = loaded
	src.codeFiles = slices.Concat(src.codeFiles, loaded.Files)
	return failedModules(src, loaded)
}

// failedModules are the modules in folders that cannot be imported: warnings, unless
// a name that the spec uses is nowhere, and may be in one of them.
func failedModules(src *source, loaded *python.Loaded) (problems []graph.Problem) {
	for _, name := range slices.Sorted(maps.Keys(loaded.Failed)) {
		if f := loaded.Failed[name]; f != nil {
			p := codeProblem(src, f)
			p.Warning = len(loaded.Missing) == 0
			problems = append(problems, p)
		}
	}
	return problems
}

// importable says whether a name is one that MLRun would import: of a class or
// function in a package that is installed.
func importable(name string) bool {
	module, _, dotted := strings.Cut(name, ".")
	return dotted && module != ""
}

// codeOf is the Python code that the flags and the spec name.
func (o *opener) codeOf(src *source) *python.Code {
	c := &python.Code{Logger: o.logger, Serve: serveModel}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(o.env.Stderr, nil))
	}
	for _, path := range o.python { // relative to where the program runs
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		c.Paths = append(c.Paths, path)
	}
	if src.spec == nil || src.spec.Python == nil {
		c.Folder = folderOf(src.name)
		return c
	}
	p := src.spec.Python
	c.Paths = append(c.Paths, p.Paths...)
	c.Name, c.Text, c.Interpreter = p.Module, p.Source, p.Interpreter
	c.Workers, c.Memory = p.Workers, p.Memory
	c.Folder = filepath.Dir(src.spec.File)
	return c
}

func serveModel(a catalog.Args, m serve.Model) (serve.Step, error) {
	return v2.FromArgs(a, m, "python")
}

// users is the code as servers take it; a nil pointer would be some.
func (s *source) users() catalog.Code {
	if s.code == nil {
		return nil
	}
	return s.code
}

// unknown are the names of classes and functions in a spec that are not built in.
func (o *opener) unknown(spec *graph.Spec) []string {
	if spec == nil || spec.Graph == nil {
		return nil
	}
	set := o.set.Clone()
	v2.Register(set)
	var names []string
	var walk func(s *graph.StepSpec)
	walk = func(s *graph.StepSpec) {
		if s.Class != "" && set.Lookup(s.Class) == nil {
			names = append(names, s.Class)
		}
		functions := []string{}
		if s.Class == "" && s.Handler != "" {
			functions = append(functions, s.Handler)
		}
		for key, v := range s.Args {
			if name, ok := v.(string); ok && strings.HasPrefix(key, "_") {
				functions = append(functions, name)
			}
		}
		for _, name := range functions {
			if _, err := set.Func(name); err != nil && !strings.HasPrefix(name, "(") {
				names = append(names, name)
			}
		}
		for _, child := range slices.Concat(s.Routes, s.Steps) {
			walk(child)
		}
	}
	walk(spec.Graph)
	slices.Sort(names)
	return slices.Compact(names)
}

// codeProblem is why code cannot be loaded, at its place: in the code, or in the
// spec that names it.
func codeProblem(src *source, err error) graph.Problem {
	var f *python.Failure
	if errors.As(err, &f) && f.File != "" {
		text := f.Class
		if f.Message != "" {
			text += ": " + f.Message
		}
		return graph.Problem{File: shortPath(f.File), Pos: graph.Pos{Line: f.Line, Col: max(1, f.Column)}, Msg: text}
	}
	p := graph.Problem{Msg: err.Error()}
	if src.spec != nil && src.spec.Python != nil {
		p.File, p.Pos = src.spec.File, src.spec.Python.Pos
	}
	return p
}

// shortPath is a path as seen from the working folder, if it is below that.
func shortPath(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// pythonFiles are the files of code that paths name: a change in any may be one
// of the code, even while it cannot be imported.
func pythonFiles(paths []string, folder string) (files []string) {
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		if !isFolder(path) {
			files = append(files, path)
			continue
		}
		found, _ := filepath.Glob(filepath.Join(path, "*.py")) // the pattern is a good one
		files = append(files, found...)
	}
	return files
}
