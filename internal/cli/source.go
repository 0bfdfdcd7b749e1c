package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/internal/repo/kserve"
	"github.com/leat-ml/leat/runtime/python"
)

const (
	serverFile = "server.yaml"
	// What MLRun sets where it deploys a function: a server spec, the function's
	// name in a graph over several, and the step to start from.
	specVariable     = "SERVING_SPEC_ENV"
	functionVariable = "SERVING_CURRENT_FUNCTION"
	stepVariable     = "START_FROM_STEP"
)

// A source is what there is to serve, as PATH names it.
type source struct {
	name   string      // what to call it in messages
	spec   *graph.Spec // nil for models without a server.yaml
	models string      // path of a model or repository; "" without one
	mlrun  bool        // MLRun's contract

	function string // whose steps run here, of a graph over several
	fromStep string // starts the flow instead of its first steps

	code      *python.Loaded // of users; nil without any
	codeFiles []string       // that it is made of, as far as is known
	broken    bool           // the code cannot be loaded, and why has been told
}

// reading says how what is served is read. It is embedded by the verbs that do.
type reading struct {
	MLRun           bool     `name:"mlrun" setting:"" help:"Answer in MLRun's contract; in specs, unknown keys are warnings then."`
	Python          []string `setting:"" sep:":" placeholder:"PATH" help:"Python code that the spec names: a file or a folder; may be repeated."`
	CurrentFunction string   `setting:"" placeholder:"NAME" help:"The function whose steps run here, of a graph over several; * means all; $SERVING_CURRENT_FUNCTION when not given."`
}

func (r reading) opener(env *Env, set *catalog.Set) *opener {
	return &opener{env: env, set: set, mlrun: r.MLRun, function: r.CurrentFunction, python: r.Python}
}

// An opener finds out what a path is.
type opener struct {
	env      *Env
	set      *catalog.Set
	mlrun    bool
	function string // whose steps run here; "" leaves it to the environment
	python   []string
	logger   *slog.Logger // of Python code; nil is the program's stderr
}

// options are how the opener's files are read.
func (o *opener) options() config.Options {
	return config.Options{MLRun: o.mlrun, Lookup: o.env.Lookup}
}

// fromEnvironment reads the spec that MLRun put into the environment; ok says
// that there is one.
func (o *opener) fromEnvironment() (src *source, problems []graph.Problem, ok bool) {
	text, ok := o.env.Lookup(specVariable)
	if !ok || strings.TrimSpace(text) == "" {
		return nil, nil, false
	}
	o.mlrun = true
	spec, problems := config.ParseSpec(specVariable, []byte(text), o.options())
	return o.ofSpec(specVariable, spec), problems, true
}

// open finds out what a path is by its content: a spec, or else models. A file
// that is neither is left to the repository to complain about.
func (o *opener) open(path string) (*source, []graph.Problem, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", path, withoutPath(err))
	case info.IsDir():
		return o.folder(path)
	case !info.Mode().IsRegular(): // a pipe would keep whoever reads it waiting
		return nil, nil, fmt.Errorf("%s: neither a file nor a folder", path)
	}
	isSpec, err := o.isSpec(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, withoutPath(err))
	}
	if !isSpec {
		return &source{name: path, models: path, mlrun: o.mlrun}, nil, nil
	}
	if filepath.Base(path) == serverFile {
		return o.folder(filepath.Dir(path))
	}
	src, problems := o.read(path)
	return src, problems, nil
}

// folder is a repository, which its server.yaml configures if there is one.
func (o *opener) folder(dir string) (*source, []graph.Problem, error) {
	file := filepath.Join(dir, serverFile)
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return &source{name: dir, models: dir, mlrun: o.mlrun}, nil, nil
	}
	src, problems := o.read(file)
	if src.spec == nil || src.models != "" {
		return src, problems, nil
	}
	src.models = dir
	if src.spec.Graph != nil && o.empty(dir) {
		src.models = ""
	}
	return src, problems, nil
}

// empty says whether a folder has no models beside its graph.
func (o *opener) empty(dir string) bool {
	_, err := repo.Scan(dir, o.set)
	var nothing *repo.NothingError
	return errors.As(err, &nothing)
}

func (o *opener) read(file string) (*source, []graph.Problem) {
	spec, problems := o.options().ReadSpec(file)
	return o.ofSpec(file, spec), problems
}

// ofSpec is what a spec names.
func (o *opener) ofSpec(file string, spec *graph.Spec) *source {
	src := &source{name: file, spec: spec, mlrun: o.mlrun}
	if spec == nil {
		return src
	}
	src.mlrun = o.mlrun || spec.MLRun
	src.models = spec.Models
	if src.function = o.function; src.function == "" {
		src.function, _ = o.env.Lookup(functionVariable)
	}
	src.fromStep, _ = o.env.Lookup(stepVariable)
	return src
}

// sniffed is how much of a file is looked at to tell a spec from a model.
const sniffed = 64 << 10

// isSpec says whether a file is a spec. YAML is one unless it describes a
// model, so that a spec with mistakes in all its keys gets told of them.
func (o *opener) isSpec(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // only read
	head, err := io.ReadAll(io.LimitReader(f, sniffed))
	if err != nil {
		return false, err
	}
	if config.Sniff(head) != config.Other {
		return true, nil
	}
	if kserve.SniffFile(path) { // which the repository reads
		return false, nil
	}
	switch filepath.Base(path) {
	case "model.yaml", "model_spec.yaml":
		return false, nil
	}
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".yaml" || ext == ".yml", nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
