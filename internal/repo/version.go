package repo

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/v2"
)

// versions fills in the versions of a model with version folders: all, or those
// that model.yaml lists. rt is the runtime that model.yaml names; nil if none.
func (s *scanner) versions(m *Model, f *folder, rt *catalog.RuntimeEntry, numbers []string) error {
	if f.has(artifactFile) {
		return fmt.Errorf("there are both %s and version folders (%s): keep one of them", artifactFile, some(numbers))
	}
	if beside, _ := s.candidates(f, nil); len(beside) > 0 {
		return fmt.Errorf("%s lies beside version folders (%s): move it into one", beside[0].file, some(numbers))
	}
	wanted := m.Settings.Versions
	for _, number := range numbers {
		if len(wanted) == 0 || slices.Contains(wanted, number) {
			m.Versions = append(m.Versions, s.versionFolder(number, f, m, rt))
		}
	}
	sortVersions(m.Versions)
	return nil
}

func (s *scanner) versionFolder(number string, f *folder, m *Model, rt *catalog.RuntimeEntry) Version {
	if err := checkNumber(number); err != nil {
		return Version{Number: number, Err: fmt.Errorf("version folder %s: %w", f.in(number), err)}
	}
	inside, err := s.list(f.in(number), maxFolder)
	if err != nil {
		return Version{Number: number, Err: fmt.Errorf("version folder %s: %w", f.in(number), err)}
	}
	return s.version(number, inside, m, rt)
}

// version is the one in folder f, which is a version's or a model's without
// versions.
func (s *scanner) version(number string, f *folder, m *Model, rt *catalog.RuntimeEntry) Version {
	if f.has(artifactFile) {
		return s.artifact(number, f, m, rt)
	}
	v := Version{Number: number, Path: s.path(f.rel), Runtime: rt}
	found, err := s.pick(f, m, rt)
	if err != nil {
		v.Err = fmt.Errorf("folder %s: %w", f.rel, err)
		return v
	}
	v.Path, v.Runtime = s.path(f.in(found.file)), found.rt
	return v
}

// artifact is the version in an MLRun model folder, whose description names the
// file.
func (s *scanner) artifact(number string, f *folder, m *Model, rt *catalog.RuntimeEntry) Version {
	v := Version{Number: number, Path: s.path(f.rel), Runtime: rt}
	if m.Settings.File != "" {
		v.Err = m.wrong(f, "file", "%s names the model's file, so that %s cannot", artifactFile, settingsFile)
		return v
	}
	a, err := artifact.Open(context.Background(), v.Path, "")
	if err != nil {
		text := strings.TrimPrefix(err.Error(), "open model "+v.Path+": ")
		v.Err = fmt.Errorf("folder %s: %s", f.rel, strings.ReplaceAll(text, "\n", "; "))
		return v
	}
	if rt != nil {
		return v
	}
	head, err := v2.Head(a.File)
	if err != nil {
		v.Err = fmt.Errorf("folder %s: %w", f.rel, err)
		return v
	}
	file := filepath.Base(a.File)
	if v.Runtime = s.set.Detect(file, head); v.Runtime == nil {
		v.Err = fmt.Errorf("folder %s: %w", f.rel, s.unknown(file))
	}
	return v
}
