package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/v2"
)

// A checker collects the problems of one source.
type checker struct {
	set      *catalog.Set
	streams  *stream.Mux
	problems []graph.Problem
	models   int // that loaded

	artifacts *artifact.Store // nil opens models of this machine alone
}

func (c *checker) check(ctx context.Context, src *source) {
	if src.spec != nil && src.spec.Graph != nil && !src.broken { // else every name of the code's is unknown
		c.graph(ctx, src)
	}
	switch {
	case src.models != "":
		c.repository(ctx, src)
	case src.spec != nil && src.spec.Graph == nil && !hasErrors(c.problems):
		c.problems = append(c.problems, graph.Problem{File: src.spec.File, Msg: "there is nothing to serve: the spec has neither a graph nor models"})
	}
}

// graph checks the graph as a whole and loads each of its models, so that one that
// fails does not hide the others. What flows between steps is inferred last, with
// what the models then say of their inputs.
func (c *checker) graph(ctx context.Context, src *source) {
	add := c.adder()
	core := c.build(src, add, true)
	for _, task := range tasks(src.spec.Graph) {
		one := *src.spec
		one.Graph = &graph.StepSpec{Kind: "router", Pos: src.spec.Graph.Pos, Routes: []*graph.StepSpec{task}}
		one.Models, one.LoadMode = "", "sync"
		if err := c.load(ctx, src, &one, core); err != nil {
			add(graph.Problem{File: one.File, Pos: placeOf(task), Msg: err.Error()})
		}
	}
	if core == nil {
		return
	}
	for _, p := range core.Check() {
		add(p)
	}
	if err := core.Close(ctx); err != nil {
		add(graph.Problem{File: src.spec.File, Msg: err.Error()})
	}
}

// tasks are the steps of a class in a graph, at any depth.
func tasks(s *graph.StepSpec) []*graph.StepSpec {
	var all []*graph.StepSpec
	for _, child := range slices.Concat(s.Routes, s.Steps) {
		switch child.Kind {
		case "", "task", "error_step":
			if child.Class != "" || child.New != nil || child.Handler == "" {
				all = append(all, child)
			}
		default:
			all = append(all, tasks(child)...)
		}
	}
	return all
}

// adder adds problems, but not in lines that have some already: what could not
// be read has consequences.
func (c *checker) adder() func(graph.Problem) {
	known := map[int]bool{}
	for _, p := range c.problems {
		known[p.Pos.Line] = known[p.Pos.Line] || !p.Warning && p.Pos.Line > 0
	}
	return func(p graph.Problem) {
		if !known[p.Pos.Line] {
			c.problems = append(c.problems, p)
		}
	}
}

// build tells what is wrong with a graph before anything is loaded. It returns nil
// when the graph cannot be served; unchecked leaves what flows to Check.
func (c *checker) build(src *source, add func(graph.Problem), unchecked bool) *server.Core {
	config := c.config(src, src.spec, "")
	config.Unchecked = unchecked
	core, problems := server.New(config)
	for _, p := range problems {
		add(p)
	}
	return core
}

// unservable is all that keeps a source from being served, as far as it can be
// told without loading anything; problems are what was found reading it.
func unservable(set *catalog.Set, src *source, problems []graph.Problem) error {
	c := &checker{set: set, problems: problems}
	if hasErrors(problems) && src.spec != nil && src.spec.Graph != nil && !src.broken {
		if core := c.build(src, c.adder(), false); core != nil {
			_ = core.Close(context.Background()) // it has not been started
		}
	}
	return problemsError(c.sorted())
}

func (c *checker) config(src *source, spec *graph.Spec, models string) server.Config {
	return server.Config{
		Spec: spec, Models: models, Catalog: c.set, Code: src.users(), MLRun: src.mlrun, Mock: true,
		Function: src.function, FromStep: src.fromStep, Records: server.Records{Streams: c.streams}, Artifacts: c.artifacts,
	}
}

// load loads the models of a graph, and lets go of them unless the whole graph has
// use for them. A graph that cannot be built has been told of.
func (c *checker) load(ctx context.Context, src *source, spec *graph.Spec, whole *server.Core) error {
	core, _ := server.New(c.config(src, spec, ""))
	if core == nil || len(core.Models()) == 0 { // another step: starting it may do something
		return nil
	}
	if err := core.Start(ctx); err != nil {
		return err
	}
	c.models += len(core.Models())
	if whole != nil {
		whole.Borrow(core)
	}
	return core.Close(ctx)
}

// placeOf is where the model of a route is named.
func placeOf(route *graph.StepSpec) graph.Pos {
	if pos, ok := route.ArgPos["model_path"]; ok {
		return pos
	}
	return route.Pos
}

// repository checks what is under a path, and loads it.
func (c *checker) repository(ctx context.Context, src *source) {
	root, err := c.brought(ctx, src.models)
	var index *repo.Index
	if err == nil {
		index, err = repo.Scan(root, c.set)
	}
	if err != nil {
		p := graph.Problem{Msg: err.Error()}
		if src.spec != nil && src.spec.Models != "" {
			p.File, p.Pos = src.spec.File, src.spec.ModelsPos
		}
		c.problems = append(c.problems, p)
		return
	}
	dir := folderOf(root)
	for _, p := range index.Problems() {
		p.File = filepath.Join(dir, p.File)
		c.problems = append(c.problems, p)
	}
	core, problems := server.New(c.config(src, withoutGraph(src.spec), root))
	if core == nil {
		c.problems = append(c.problems, problems...)
		return
	}
	c.loadAll(ctx, core, index)
}

// brought is where a repository is on this machine.
func (c *checker) brought(ctx context.Context, models string) (string, error) {
	if c.artifacts == nil || !strings.Contains(models, "://") {
		return models, nil
	}
	return c.artifacts.Tree(ctx, models, "")
}

// withoutGraph is what a spec says of the models beside its graph.
func withoutGraph(spec *graph.Spec) *graph.Spec {
	if spec == nil {
		return nil
	}
	rest := *spec
	rest.Graph, rest.LoadMode = nil, "sync"
	return &rest
}

// loadAll loads the models of a repository. What is wrong with them without
// loading has been told of.
func (c *checker) loadAll(ctx context.Context, core *server.Core, index *repo.Index) {
	known := knownFailures(index)
	err := core.Start(ctx)
	for _, m := range core.Models() {
		var settings *repo.SettingsError
		switch {
		case m.Err == nil:
			c.models++
		case errors.As(m.Err, &settings) && !known[m.Label()] && !known[m.Name]: // only found out with other models
			for _, p := range settings.Problems {
				p.File = filepath.Join(folderOf(index.Root), p.File)
				c.problems = append(c.problems, p)
			}
		case !known[m.Label()] && !known[m.Name]:
			c.problems = append(c.problems, graph.Problem{File: m.Path, Msg: "model " + m.Label() + ": " + m.Err.Error()})
		}
	}
	if err = errors.Join(err, core.Close(ctx)); err != nil {
		c.problems = append(c.problems, graph.Problem{File: index.Root, Msg: err.Error()})
	}
}

// knownFailures are the models and versions that cannot be loaded, by label.
func knownFailures(index *repo.Index) map[string]bool {
	failed := map[string]bool{}
	for _, m := range index.Models {
		if m.Err != nil {
			failed[m.Name] = true
		}
		for _, v := range m.Versions {
			info := v2.Info{Name: m.Name, Version: v.Number}
			failed[info.Label()] = v.Err != nil
		}
	}
	return failed
}

// folderOf is the folder that a repository's files are named from.
func folderOf(path string) string {
	if isFolder(path) {
		return path
	}
	return filepath.Dir(path)
}
