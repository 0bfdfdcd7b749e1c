package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/v2"
)

type modelPushCmd struct {
	File string `arg:"" help:"The model's file, or a folder with it and files that belong to it."`

	Key         string   `placeholder:"NAME" help:"What the model is called in the registry; the file's name without its extension when not given."`
	Project     string   `default:"default" placeholder:"NAME" help:"Project that it belongs to."`
	Tag         []string `placeholder:"NAME" help:"Tag that leads to it from now on, beside latest; may be repeated."`
	Tree        string   `placeholder:"NAME" help:"Version that it is a part of; a new one when not given."`
	Iter        int      `placeholder:"N" help:"Iteration of a run with several, which have one tree."`
	Best        bool     `help:"The key without an iteration leads to this iteration."`
	ModelFile   string   `placeholder:"NAME" help:"The model in a folder; found by its content when not given."`
	Framework   string   `placeholder:"NAME" help:"What made the model; found by its content when not given."`
	Algorithm   string   `placeholder:"NAME" help:"How it was trained."`
	Description string   `placeholder:"TEXT" help:"What it is."`
	Label       []string `sep:"none" placeholder:"KEY=VALUE" help:"A label; may be repeated."`
	Parameter   []string `sep:"none" placeholder:"KEY=VALUE" help:"A parameter that the model gets, as YAML: rate=0.1; may be repeated."`
	Metric      []string `sep:"none" placeholder:"KEY=NUMBER" help:"How good it is: accuracy=0.97; may be repeated."`
	Extra       []string `sep:"none" placeholder:"[KEY=]FILE" help:"A further file; may be repeated."`
	schemaFlags `embed:""`
	Artifacts   string `setting:"" placeholder:"URL" help:"Where the files go: a folder, s3://bucket/path, gs://bucket/path or azblob://container/path; artifacts in the data folder when not given."`
	keeping     `embed:""`
	linked      `embed:""`
	format      `embed:""`
}

// Help implements [kong.HelpProvider].
func (modelPushCmd) Help() string {
	return `
Copies the model and what belongs to it to where models are kept, writes a model_spec.yaml beside it as MLRun does, and adds it to the registry. What is pushed never changes: the same key again is a new tree, and tags move to it. A server need not run, and may.

With the data that the model was trained on, the columns become its schema, and their statistics (feature_stats) and a profile for drift are written, too.

Examples:

    leat model push iris.ubj --tag v1 --metric accuracy=0.97 --training train.csv --label-column species
    leat model push net/ --key net --project vision --artifacts s3://models/leat
    leat model push iris.ubj --input-column length:float --input-column width:float --output-column species:int
`
}

// Run pushes the model.
func (c *modelPushCmd) Run(ctx context.Context, env *Env) error {
	ctx, stop := env.interruptible(ctx)
	defer stop()
	p, err := c.push(env)
	if err != nil {
		return err
	}
	r, spec, data, err := c.open(ctx, env, true)
	if err != nil {
		return err
	}
	defer r.Close()
	s := env.artifacts(elsewhere{}, spec, data)
	defer s.Close()
	root := cmp.Or(c.Artifacts, spec.Artifacts, filepath.Join(data.Path(), artifactsFolder))
	e, err := s.Push(ctx, root, r, p)
	if err != nil {
		return err
	}
	row, _ := pushedRowOf(e)
	if c.json() {
		return printJSON(env.Stdout, row)
	}
	fmt.Fprintln(env.Stdout, "pushed "+row.URI)
	short := artifact.Ref{Kind: artifact.ModelKind, Project: e.Project, Key: e.Key, Iter: e.Iter, Tag: append(c.Tag, artifact.Latest)[0]}
	return printTable(env.Stdout, [][]string{{"files", row.Target}, {"tags", strings.Join(row.Tags, ", ")}, {"serve it with", "model_path: " + short.String()}})
}

// interruptible is a context that ends with the first signal, so that what was
// begun is cleared up.
func (e *Env) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if e.Signals == nil {
		return ctx, cancel
	}
	signals, stop := e.Signals()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); stop() }
}

// push is what the flags say of the model.
func (c *modelPushCmd) push(env *Env) (p artifact.Push, err error) {
	p = artifact.Push{
		Project: c.Project, Key: c.Key, Tags: c.Tag, Tree: c.Tree, Iter: c.Iter, Best: c.Best,
		Framework: c.Framework, Algorithm: c.Algorithm, Description: c.Description,
	}
	if c.Best && c.Iter == 0 {
		return p, badUsage("--best is about an iteration: say which with --iter")
	}
	if err := c.files(&p, env.catalog(c.linked, datadir.Temporary())); err != nil {
		return p, err
	}
	if p.Key == "" {
		name := filepath.Base(filepath.Clean(c.File))
		p.Key = strings.TrimSuffix(name, filepath.Ext(name))
	}
	if p.Labels, err = pairs("--label", c.Label, func(v string) (string, error) { return v, nil }); err != nil {
		return p, err
	}
	if p.Parameters, err = pairs("--parameter", c.Parameter, yamlValue); err != nil {
		return p, err
	}
	if p.Metrics, err = pairs("--metric", c.Metric, metric); err != nil {
		return p, err
	}
	err = c.schema(&p)
	return p, err
}

// files finds the model, what belongs to it and what made it.
func (c *modelPushCmd) files(p *artifact.Push, set *catalog.Set) error {
	info, err := os.Stat(c.File)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, withoutPath(err))
	}
	p.File = c.File
	switch {
	case info.IsDir():
		if err := c.folder(p, set); err != nil {
			return err
		}
	case !info.Mode().IsRegular(): // opening a pipe waits for who writes to it
		return fmt.Errorf("%s: neither a file nor a folder", c.File)
	case c.ModelFile != "":
		return badUsage("--model-file is about a folder, and %s is a file", c.File)
	}
	p.Extra = map[string]string{}
	for _, text := range c.Extra {
		key, path, ok := strings.Cut(text, "=")
		if !ok {
			key, path = filepath.Base(text), text
		}
		if key == "" || path == "" || p.Extra[key] != "" {
			return badUsage("--extra %s: it is FILE or KEY=FILE, and each key is there once", text)
		}
		p.Extra[key] = path
	}
	if rt := detected(set, p.File); rt != nil && p.Framework == "" {
		p.Framework = rt.Name
	}
	return nil
}

// folder finds the model in a folder; the other files come with it.
func (c *modelPushCmd) folder(p *artifact.Push, set *catalog.Set) error {
	entries, err := os.ReadDir(c.File)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, withoutPath(err))
	}
	var found []string
	for _, e := range entries {
		path := filepath.Join(c.File, e.Name())
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") || e.Name() == "model_spec.yaml" {
			continue
		}
		p.Beside = append(p.Beside, path)
		if e.Name() == c.ModelFile || c.ModelFile == "" && detected(set, path) != nil {
			found = append(found, path)
		}
	}
	switch {
	case len(found) == 0 && c.ModelFile != "":
		return fmt.Errorf("%s: there is no file %s in it", c.File, c.ModelFile)
	case len(found) == 0:
		return fmt.Errorf("%s: none of its files is a model that this program knows: name it with --model-file", c.File)
	case len(found) > 1:
		return fmt.Errorf("%s: %d files could be the model: name it with --model-file", c.File, len(found))
	}
	p.File = found[0]
	p.Beside = remove(p.Beside, p.File)
	return nil
}

func remove(list []string, out string) []string {
	kept := list[:0]
	for _, s := range list {
		if s != out {
			kept = append(kept, s)
		}
	}
	return kept
}

// detected is the runtime that knows a file; nil if none does.
func detected(set *catalog.Set, path string) *catalog.RuntimeEntry {
	head, err := v2.Head(path)
	if err != nil {
		return nil
	}
	return set.Detect(filepath.Base(path), head)
}

// pairs reads KEY=VALUE of a flag that may be repeated.
func pairs[V any](flag string, texts []string, read func(string) (V, error)) (map[string]V, error) {
	all := make(map[string]V, len(texts))
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		if _, twice := all[key]; !ok || key == "" || twice {
			return nil, badUsage("%s %s: it is KEY=VALUE, and each key is there once", flag, text)
		}
		v, err := read(value)
		if err != nil {
			return nil, badUsage("%s %s: %v", flag, text, err)
		}
		all[key] = v
	}
	return all, nil
}

// yamlValue reads a value as YAML has it.
func yamlValue(text string) (any, error) {
	root, problems := document.Parse("", []byte("value: "+text), document.Options{})
	if len(problems) > 0 || root == nil || len(root.Fields) != 1 {
		return nil, errors.New("the value is not YAML; in quotes it is text")
	}
	return root.Values()["value"], nil
}

func metric(text string) (any, error) {
	v, err := yamlValue(text)
	switch v.(type) {
	case int64, float64:
		return v, err
	}
	return nil, errors.New("the value is not a number")
}
