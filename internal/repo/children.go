package repo

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/leat-ml/leat/internal/repo/mlserver"
)

// children are the models in a repository's folder, by name; with only those of
// that name.
func (s *scanner) children(top *folder, only string) []*Model {
	byName := map[string][]*Model{}
	add := func(m *Model) {
		if m != nil {
			byName[m.Name] = append(byName[m.Name], m)
		}
	}
	wanted := func(name string) bool { return only == "" || shown(name) == only }
	for _, file := range top.files {
		if wanted(stem(file)) {
			add(s.bareFile(top, file))
		}
	}
	for _, dir := range top.dirs {
		if wanted(dir) || s.namesItself(top.in(dir)) {
			add(s.child(top, dir))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(top.bad)) {
		if wanted(stem(name)) && s.couldBeModel(name) {
			add(refused(stem(name), name, top.bad[name]))
		}
	}
	models := make([]*Model, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		models = append(models, one(byName[name]))
	}
	return models
}

// namesItself says whether the model in a folder may have another name than that.
func (s *scanner) namesItself(dir string) bool {
	_, err := os.Stat(s.path(path.Join(dir, mlserver.File)))
	return err == nil
}

// versionsOf puts models together that are versions of one, in folders of their own;
// nil where they are not.
func versionsOf(same []*Model) *Model {
	all := *same[0]
	all.Versions, all.Versioned = nil, true
	for _, m := range same {
		if !m.variants || m.Err != nil || all.hasVersion(m.Versions[0].Number) {
			return nil
		}
		all.Versions = append(all.Versions, m.Versions...)
		if m != same[0] {
			all.Warnings = append(all.Warnings, m.Warnings...)
		}
	}
	sortVersions(all.Versions)
	return &all
}

// one is the model of a name: what is there twice is refused as a whole, unless
// those are versions.
func one(same []*Model) *Model {
	if len(same) == 1 {
		return same[0]
	}
	if all := versionsOf(same); all != nil {
		return all
	}
	paths := make([]string, len(same))
	for i, m := range same {
		paths[i] = m.Path
	}
	all := strings.Join(paths, " and ")
	return refused(same[0].Name, all, fmt.Errorf("%d models have this name: %s; rename all but one", len(same), all))
}

func refused(name, path string, err error) *Model {
	return &Model{Name: shown(name), Path: path, Err: err}
}

// bareFile is the model that a file in the repository's folder is; nil if it is
// none.
func (s *scanner) bareFile(top *folder, file string) *Model {
	name := stem(file)
	rt, err := s.detect(file, nil)
	if err != nil && s.couldBeModel(file) {
		return refused(name, file, err)
	}
	if rt == nil {
		return nil
	}
	if err := checkName(name); err != nil {
		return refused(name, file, err)
	}
	v := Version{Number: firstVersion, Path: s.path(top.in(file)), Runtime: rt}
	return &Model{Name: name, Path: file, Versions: []Version{v}}
}

// child is the model in a folder of the repository; nil if there is none.
func (s *scanner) child(top *folder, dir string) *Model {
	f, err := s.list(top.in(dir), maxFolder)
	if err != nil {
		return refused(dir, dir, err)
	}
	return s.model(dir, f)
}

// couldBeModel says whether something that cannot be looked at goes for a
// model by its name: that of a folder, or with the extension of a runtime.
func (s *scanner) couldBeModel(name string) bool {
	if stem(name) == name {
		return true
	}
	for _, rt := range s.set.Runtimes() {
		if rt.Suffix != "" && strings.HasSuffix(name, rt.Suffix) {
			return true
		}
	}
	return false
}
