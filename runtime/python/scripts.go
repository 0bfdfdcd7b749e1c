package python

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// scripts is the runtime of models that are classes in Python files, as Triton's
// Python backend and MLServer have them. Such a file is a program; it is imported in
// workers only.
type scripts struct{ code Code }

// isScript says whether a file is one that Triton would call a model by its name.
// Any other is a model where somebody says so.
func isScript(name string, head []byte) bool {
	return name == "model.py" && bytes.Contains(head, []byte("TritonPythonModel"))
}

func (r *scripts) probe() (version string, err error) {
	return (&objects{code: r.code}).probe()
}

// Load implements [serve.Runtime]. Parameters of the spec that are the runtime's own:
//
//   - "class" names the class, where there are several: "TritonPythonModel" or
//     "module.Class";
//   - "workers" is the number of processes, 1 if not given;
//   - "code" is a list of files and folders that the code is in, beside the file;
//   - "configuration" is what a class of Triton's is told as its model_config, in
//     JSON, in place of what is read from config.pbtxt;
//   - "settings" is what a class of MLServer's is told as its settings, as a
//     model-settings.json has them, in place of arguments.
//
// All others are arguments of the class.
func (r *scripts) Load(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	s, err := scriptOf(a, spec.Parameters)
	if err != nil {
		return nil, err
	}
	code := r.code.usual(spec.Python)
	code.Paths, code.Workers, code.Folder = s.paths, s.workers, filepath.Dir(s.file)
	var names []string
	if s.class != "" {
		names = []string{s.class}
	}
	l, err := code.Load(ctx, names)
	if err != nil {
		return nil, err
	}
	name, o, err := l.class(s.class)
	if err != nil {
		return nil, err
	}
	m := &Model{loaded: l, object: o, creation: creation{Kind: o.Kind, Class: name, Args: s.args, Configuration: s.configuration}}
	mc := serve.NewModelContext(serve.ModelOptions{
		Args: s.args,
		Open: func(context.Context, string, string) (*serve.Artifact, error) { return a, nil },

		Models: spec.Models,
	})
	mc.Name, mc.Version, mc.Path = spec.Name, spec.Version, s.file
	if err := m.Load(ctx, mc); err != nil {
		return nil, err
	}
	return m, nil
}

// A script is what the parameters say of one.
type script struct {
	file          string
	class         string
	workers       int
	paths         []string
	configuration json.RawMessage
	args          map[string]any
}

// maxScriptWorkers is how many processes a model may have.
const maxScriptWorkers = 1024

func scriptOf(a *serve.Artifact, parameters map[string]any) (*script, error) {
	if a.File == "" {
		return nil, errors.New("the artifact has no file")
	}
	file, err := filepath.Abs(a.File)
	if err != nil {
		return nil, err
	}
	s := &script{file: file}
	if s.workers, s.args, err = workersOf(parameters); err != nil {
		return nil, err
	}
	if v, ok := s.take("class"); ok {
		if s.class, ok = v.(string); !ok {
			return nil, fmt.Errorf("parameter class is %v, and not the name of a class", v)
		}
	}
	if v, ok := s.take("configuration"); ok {
		text, _ := v.(string)
		if s.configuration = json.RawMessage(text); !json.Valid(s.configuration) {
			return nil, errors.New("parameter configuration is no text in JSON")
		}
	}
	err = s.code()
	return s, err
}

// workersOf takes the number of processes out of the parameters; 1 if it is not
// there.
func workersOf(parameters map[string]any) (workers int, others map[string]any, err error) {
	others = maps.Clone(parameters)
	if others == nil {
		others = map[string]any{}
	}
	v, ok := others["workers"]
	delete(others, "workers")
	if !ok || v == nil {
		return 1, others, nil
	}
	n, isNumber := serve.Number64(v)
	if workers = int(n); !isNumber || n < 1 || n > maxScriptWorkers || float64(workers) != n {
		return 0, nil, fmt.Errorf("parameter workers is %v: it takes a whole number from 1 to %d", v, maxScriptWorkers)
	}
	return workers, others, nil
}

func (s *script) take(key string) (v any, ok bool) {
	v, ok = s.args[key]
	delete(s.args, key)
	return v, ok && v != nil
}

// code reads the places of the code: the file itself, if it is Python's, and others.
func (s *script) code() error {
	if strings.HasSuffix(s.file, ".py") {
		s.paths = []string{s.file}
	}
	v, ok := s.take("code")
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	for _, one := range list {
		path, isText := one.(string)
		if !isText {
			return fmt.Errorf("parameter code has %v in it, which is no path", one)
		}
		s.paths = append(s.paths, path)
	}
	return nil
}

// class finds the class of that name, or with "" the only one that is a model of
// Triton's or MLServer's.
func (l *Loaded) class(name string) (string, *Object, error) {
	if name == "" {
		var found []string
		for _, n := range slices.Sorted(maps.Keys(l.Objects)) {
			if !strings.Contains(n, ".") && isHosted(l.Objects[n]) {
				found = append(found, n)
			}
		}
		if len(found) != 1 {
			return "", nil, fmt.Errorf("there are %d classes of models in it: name one with the parameter class", len(found))
		}
		name = found[0]
	}
	o := l.Objects[name]
	if o == nil {
		if why := l.whyMissing(name); why != "" {
			return "", nil, fmt.Errorf("there is no class %s in the code: %s", name, why)
		}
		return "", nil, fmt.Errorf("there is no class %s in the code%s", name, didYouMean(name, slices.Sorted(maps.Keys(l.Objects))))
	}
	if !isHosted(o) {
		return "", nil, fmt.Errorf("class %s (%s:%d) is neither a TritonPythonModel nor one of mlserver.MLModel", name, filepath.Base(o.File), o.Line)
	}
	return name, o, nil
}

func isHosted(o *Object) bool { return o.Kind == kindTriton || o.Kind == kindMLServer }

// whyMissing is why a class is not there: the first module that cannot be imported.
func (l *Loaded) whyMissing(name string) string {
	if why := l.Missing[name]; why != "" {
		return why
	}
	for _, module := range slices.Sorted(maps.Keys(l.Failed)) {
		return fmt.Sprintf("module %s cannot be imported: %v", module, l.Failed[module])
	}
	return ""
}
