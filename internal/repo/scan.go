package repo

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/repo/kserve"
)

// firstVersion is the version of a model that has no version folders.
const firstVersion = "1"

// A scanner looks through one path.
type scanner struct {
	root string
	dir  string      // what paths are joined to: the root, or the folder of a lone file
	info fs.FileInfo // of the root
	set  *catalog.Set
	left int  // entries that may still be looked at
	full bool // there were more
}

// Scan finds the models under root, which is a file or a folder; the package
// comment says which. Of each file that could be a model the first 4 KiB are
// read. A model that is broken is an entry with its reason and no error; an
// error means that root cannot be read, is too large, or has nothing to serve
// ([*NothingError]).
func Scan(root string, set *catalog.Set) (*Index, error) {
	models, err := scan(root, set, "")
	if err != nil {
		return nil, err
	}
	return &Index{Root: root, Models: models}, nil
}

// scan finds the models, or with only at most the one of that name, in which
// case finding nothing is no error.
func scan(root string, set *catalog.Set, only string) ([]*Model, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("open the models: %w", err)
	}
	s := &scanner{root: root, dir: root, info: info, set: set, left: maxEntries}
	var models []*Model
	if info.IsDir() {
		models, err = s.repository(only)
	} else {
		models, err = s.lone(info.Mode().IsRegular())
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the models in %s: %w", s.dir, err)
	case s.full:
		return nil, fmt.Errorf("%s has more than %d files and folders in it: is it a model repository?", root, maxEntries)
	case only != "":
		return slices.DeleteFunc(models, func(m *Model) bool { return m.Name != only }), nil
	case len(models) == 0:
		return nil, s.nothing(!info.IsDir())
	}
	s.ensembles(models)
	return models, nil
}

func (s *scanner) nothing(file bool) error {
	e := &NothingError{Path: s.root, File: file, Runtimes: s.runtimes()}
	if !file {
		e.Deeper, e.Service = s.deeper(".", lookDeeper), s.resource()
	}
	return e
}

// resource is the first file of the folder with a resource of KServe.
func (s *scanner) resource() string {
	f, err := s.list(".", maxFolder)
	if err != nil {
		return ""
	}
	for _, file := range f.files {
		if kserve.SniffFile(s.path(file)) {
			return file
		}
	}
	return ""
}

// lookDeeper is how far down a description of a model is looked for, to name it where a
// repository has nothing to serve.
const lookDeeper = 4

// deeper is the first file below a folder that describes a model of another server's.
func (s *scanner) deeper(rel string, levels int) string {
	f, err := s.list(rel, maxFolder)
	if err != nil {
		return ""
	}
	for _, file := range foreignFiles {
		if f.has(file) {
			return f.in(file)
		}
	}
	for _, dir := range f.dirs {
		if levels == 0 {
			break
		}
		if found := s.deeper(f.in(dir), levels-1); found != "" {
			return found
		}
	}
	return ""
}

// lone is a root that is a file: a model, or what describes the one in its
// folder.
func (s *scanner) lone(regular bool) ([]*Model, error) {
	file := filepath.Base(s.root)
	s.dir = filepath.Dir(s.root)
	if file == settingsFile || file == artifactFile {
		top, err := s.list(".", maxEntries)
		if err != nil {
			return nil, err
		}
		return s.whole(top)
	}
	if !regular {
		return nil, nil
	}
	if kserve.SniffFile(s.root) {
		return s.services(file)
	}
	if m := s.bareFile(&folder{rel: "."}, file); m != nil {
		return []*Model{m}, nil
	}
	return nil, nil
}

// repository is a root that is a folder.
func (s *scanner) repository(only string) ([]*Model, error) {
	top, err := s.list(".", maxEntries)
	if err != nil {
		return nil, err
	}
	versions := top.versions()
	switch {
	case top.has("server.yaml"):
		return s.children(top, only), nil
	case top.describesModel():
		return s.whole(top)
	case len(versions) == 0:
		return s.children(top, only), nil
	}
	models := s.children(top, "")
	isOther := func(m *Model) bool { return !slices.Contains(versions, m.Path) }
	if slices.ContainsFunc(models, isOther) {
		return models, nil
	}
	return s.whole(top)
}

// whole is a root that is the folder of one model.
func (s *scanner) whole(top *folder) ([]*Model, error) {
	abs, err := filepath.Abs(s.dir)
	if err != nil {
		return nil, err
	}
	return []*Model{s.model(filepath.Base(abs), top)}, nil
}
