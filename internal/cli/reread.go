package cli

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/filestate"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/internal/watch"
)

// A rereader reads what is served again, whenever it is asked to.
type rereader struct {
	c      *serveCmd
	env    *Env
	set    *catalog.Set
	logger *slog.Logger

	mu   sync.Mutex
	last *source // as read last; of a file with mistakes, what could be read of it
}

// again reads PATH. The error has every problem of what it says now.
func (r *rereader) again() (server.Content, error) {
	o := r.c.opener(r.env, r.set)
	o.logger = r.logger
	src, problems, err := r.c.source(o)
	if err != nil {
		return server.Content{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), codeTimeout)
	defer cancel()
	problems = append(problems, o.load(ctx, src)...)
	r.mu.Lock()
	r.last = src
	r.mu.Unlock()
	if err := unservable(r.set, src, problems); err != nil {
		return server.Content{}, err
	}
	return server.Content{
		Spec: src.spec, Models: src.models, Code: src.users(), MLRun: src.mlrun, Function: src.function, FromStep: src.fromStep,
		Warnings: slices.DeleteFunc(problems, func(p graph.Problem) bool { return !p.Warning }),
	}, nil
}

// watch returns what tells of changes of the files that are served, from now on:
// they may change while they are loaded for the first time.
func (r *rereader) watch(logger *slog.Logger) func(context.Context, func()) {
	o := watch.Options{Paths: r.paths, Logger: logger, Since: filestate.Look(r.paths().Files...)}
	return func(ctx context.Context, changed func()) { watch.Run(ctx, o, changed) }
}

// paths are the files that what is served is made of, and the folders in which
// others may appear.
func (r *rereader) paths() (p watch.Paths) {
	r.mu.Lock()
	src := r.last
	r.mu.Unlock()
	path := r.c.Path
	if path == "" {
		path = "."
	}
	if isFolder(path) {
		p.Files = append(p.Files, filepath.Join(path, serverFile))
	} else {
		p.Files = append(p.Files, path)
	}
	p.Folders = append(p.Folders, filepath.Dir(path))
	p.Files = append(p.Files, src.codeFiles...)
	if src.spec != nil {
		if src.spec.File != "" {
			p.Files = append(p.Files, src.spec.File)
		}
		addModelPaths(&p, filepath.Dir(src.spec.File), src.spec.Graph)
	}
	if src.models != "" && !strings.Contains(src.models, "://") { // nobody tells of what changes elsewhere
		r.addRepository(&p, src.models)
	}
	return p
}

// addModelPaths adds the model_path of every step, which is relative to the
// spec's folder or to where the server runs.
func addModelPaths(p *watch.Paths, dir string, s *graph.StepSpec) {
	if s == nil {
		return
	}
	if path, ok := s.Args["model_path"].(string); ok {
		if local, isURL := strings.CutPrefix(path, "file://"); isURL || !strings.Contains(path, "://") {
			p.Files = append(p.Files, local)
			if !filepath.IsAbs(local) {
				p.Files = append(p.Files, filepath.Join(dir, local))
			}
		}
	}
	for _, child := range slices.Concat(s.Routes, s.Steps) {
		addModelPaths(p, dir, child)
	}
}

// addRepository adds the models in a repository.
func (r *rereader) addRepository(p *watch.Paths, root string) {
	index, err := repo.Scan(root, r.set)
	p.Trees = append(p.Trees, root)
	if err != nil {
		return // there may be something to serve later
	}
	dir := root
	if !isFolder(root) {
		dir = filepath.Dir(root)
	}
	for _, m := range index.Models {
		at := filepath.Join(dir, filepath.FromSlash(m.Path))
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			at = filepath.Join(at, "model.yaml")
		}
		p.Files = append(p.Files, at)
		for _, v := range m.Versions {
			p.Files = append(p.Files, v.Path)
		}
	}
}
