package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/v2"
)

// A candidate is a file that a runtime knows.
type candidate struct {
	file string // its name in the folder
	rt   *catalog.RuntimeEntry
}

// pick finds the model's file in f: the one that model.yaml names, else the only
// one that a runtime knows, else among those the one called "model". rt is the
// runtime that model.yaml names; nil if none.
func (s *scanner) pick(f *folder, m *Model, rt *catalog.RuntimeEntry) (candidate, error) {
	if file := m.Settings.File; file != "" {
		return s.named(f, path.Clean(file), rt)
	}
	found, unread := s.candidates(f, rt)
	if len(found) > 1 {
		if called := calledModel(found); len(called) == 1 {
			found = called
		}
	}
	switch {
	case len(found) == 0 && unread != nil:
		return candidate{}, unread
	case len(found) == 0 && f.more:
		return candidate{}, fmt.Errorf("%w among the first %d files", errNoModel, maxFolder)
	case len(found) == 0:
		return candidate{}, s.none(f, rt)
	case f.more:
		return candidate{}, tooMany()
	case len(found) > 1:
		return candidate{}, fmt.Errorf("%d files could be the model (%s): name the one that is with the key file in %s",
			len(found), some(filesOf(found)), settingsFile)
	}
	return found[0], nil
}

// candidates are the files in f that rt loads, or any runtime if it is nil, and
// what kept a file from being looked at.
func (s *scanner) candidates(f *folder, rt *catalog.RuntimeEntry) (found []candidate, unread error) {
	for _, file := range f.files {
		if file == settingsFile {
			continue
		}
		got, err := s.detect(f.in(file), rt)
		if err != nil && s.couldBeModel(file) {
			unread = fmt.Errorf("%s: %w", file, err)
		}
		if got != nil {
			found = append(found, candidate{file, got})
		}
	}
	for name, err := range f.bad {
		if s.couldBeModel(name) {
			unread = fmt.Errorf("%s: %w", name, err)
		}
	}
	return found, unread
}

// detect finds the runtime that knows a file, or with rt says whether it is
// that one; nil when there is none.
func (s *scanner) detect(rel string, rt *catalog.RuntimeEntry) (*catalog.RuntimeEntry, error) {
	head, err := v2.Head(s.path(rel))
	if err != nil {
		return nil, cause(err)
	}
	if rt == nil {
		return s.set.Detect(path.Base(rel), head), nil
	}
	if rt.Detect(path.Base(rel), head) {
		return rt, nil
	}
	return nil, nil
}

// named is the file that model.yaml names. It may lie further below, and is
// the model whether or not it looks like one if the runtime is named too.
func (s *scanner) named(f *folder, file string, rt *catalog.RuntimeEntry) (candidate, error) {
	info, err := os.Stat(s.path(f.in(file)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return candidate{}, fmt.Errorf("the file %s, which %s names, is not there", file, settingsFile)
	case err != nil:
		return candidate{}, fmt.Errorf("the file %s, which %s names: %w", file, settingsFile, cause(err))
	case !info.Mode().IsRegular():
		return candidate{}, fmt.Errorf("%s, which %s names, is not a file", file, settingsFile)
	case rt != nil:
		return candidate{file, rt}, nil
	}
	if rt, err = s.detect(f.in(file), nil); err != nil {
		return candidate{}, fmt.Errorf("%s: %w", file, err)
	}
	if rt == nil {
		return candidate{}, s.unknown(file)
	}
	return candidate{file, rt}, nil
}

// errNoModel is in the error of a folder in which nothing looks like a model.
var errNoModel = errors.New("there is no model in it")

// none says why there is no model in f.
func (s *scanner) none(f *folder, rt *catalog.RuntimeEntry) error {
	if rt != nil {
		return fmt.Errorf("%w that looks like one of runtime %s: name it with the key file in %s", errNoModel, rt.Name, settingsFile)
	}
	if i := slices.IndexFunc(f.files, isCalledModel); i >= 0 {
		return fmt.Errorf("%w: %s is not one that a runtime of this server knows (%s)", errNoModel, f.files[i], s.known())
	}
	return fmt.Errorf("%w that a runtime of this server knows (%s)", errNoModel, s.known())
}

func (s *scanner) unknown(file string) error {
	return fmt.Errorf("%s is not a model that a runtime of this server knows (%s)", file, s.known())
}

// runtimes are the names of the runtimes there are.
func (s *scanner) runtimes() []string {
	var names []string
	for _, rt := range s.set.Runtimes() {
		names = append(names, rt.Name)
	}
	return names
}

func (s *scanner) known() string { return strings.Join(s.runtimes(), ", ") }

func isCalledModel(file string) bool { return file != settingsFile && stem(file) == "model" }

func calledModel(all []candidate) []candidate {
	var out []candidate
	for _, c := range all {
		if isCalledModel(c.file) {
			out = append(out, c)
		}
	}
	return out
}

func filesOf(all []candidate) []string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.file
	}
	return names
}

// some is a list for a message, cut when it is long.
func some(names []string) string {
	const shown = 5
	if more := len(names) - shown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), more)
	}
	return strings.Join(names, ", ")
}
