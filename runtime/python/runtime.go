package python

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Options are the settings of the runtimes of pickled models and of classes in files.
type Options struct {
	Interpreter string // as of [Code]
	Logger      *slog.Logger
}

// Register adds the runtime of models that are Python objects in files, as
// scikit-learn's are: what pickle, cloudpickle and joblib write. Such a file is a
// program; it is opened in the worker only. It adds the runtime of models that are
// classes in Python files too.
func Register(set *catalog.Set, o Options) {
	r := &objects{code: Code{Interpreter: o.Interpreter, Logger: o.Logger}}
	set.AddRuntime(catalog.RuntimeEntry{
		Name: "sklearn", Doc: "scikit-learn and other Python objects: pickle, joblib", Suffix: ".pkl",
		Detect: pickled, Probe: r.probe, Runtime: r,
	})
	c := &scripts{code: r.code}
	set.AddRuntime(catalog.RuntimeEntry{
		Name: "python", Doc: "models of Triton's Python backend and of MLServer: classes in Python files", Suffix: ".py",
		Detect: isScript, Probe: c.probe, Runtime: c,
	})
}

var pickleSuffixes = []string{".pkl", ".pickle", ".cloudpickle", ".joblib"}

// pickled says whether a file is a pickle, by its name and first byte: PROTO of
// every protocol since 2, or what joblib compresses with.
func pickled(name string, head []byte) bool {
	if !slices.Contains(pickleSuffixes, strings.ToLower(filepath.Ext(name))) || len(head) == 0 {
		return false
	}
	for _, magic := range []string{"\x80", "\x78", "\x1f\x8b", "BZh", "\xfd7zXZ", "\x04\x22\x4d\x18"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// objects is the runtime.
type objects struct{ code Code }

func (r *objects) probe() (version string, err error) {
	i, err := r.code.find(context.Background())
	if err != nil {
		return "", err
	}
	return "Python " + i.Version, nil
}

// Load implements [serve.Runtime].
func (r *objects) Load(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	if a.File == "" {
		return nil, errors.New("the artifact has no file")
	}
	file, err := filepath.Abs(a.File)
	if err != nil {
		return nil, err
	}
	workers, args, err := workersOf(spec.Parameters)
	if err != nil {
		return nil, err
	}
	code := r.code.usual(spec.Python)
	code.Workers = workers
	l := &Loaded{code: &code}
	i, err := code.find(ctx)
	if err != nil {
		return nil, err
	}
	l.Python = *i
	if l.program, err = installed(); err != nil {
		return nil, err
	}
	m := &Model{loaded: l, object: &Object{Kind: kindObject}, creation: creation{Kind: kindObject, Args: args}}
	mc := serve.NewModelContext(serve.ModelOptions{
		Args: args,
		Open: func(context.Context, string, string) (*serve.Artifact, error) { return a, nil },
	})
	mc.Name, mc.Version, mc.Path = spec.Name, spec.Version, file
	if err := m.Load(ctx, mc); err != nil {
		return nil, err
	}
	return m, nil
}

// The kinds of models that are objects in files, and classes of other servers'.
const (
	kindObject   = "object"
	kindTriton   = "triton"
	kindMLServer = "mlserver"
)
