// Package secrets reads the secrets that a spec names the sources of. [Open] reads
// them once; a [Store] gives them by their names.
package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/graph"
)

// kubernetes begins the variables that MLRun puts a project's secrets into.
const kubernetes = "MLRUN_K8S_SECRET__"

// maxFile is the size of a file of secrets, in bytes.
const maxFile = 1 << 20

// A Store has secrets. It is immutable.
type Store struct {
	values map[string]string
	lookup func(name string) (string, bool)
}

// Open reads the sources, of which later ones win, with the variables that lookup
// finds. Files are relative to folder. The error has those of all sources.
func Open(sources []graph.SecretSource, folder string, lookup func(name string) (string, bool)) (*Store, error) {
	s := &Store{values: map[string]string{}, lookup: lookup}
	var errs []error
	for i := range sources {
		if err := s.add(&sources[i], folder); err != nil {
			errs = append(errs, err)
		}
	}
	return s, errors.Join(errs...)
}

// Value is the secret of that name: of the sources, else of the project's secrets in
// Kubernetes.
func (s *Store) Value(name string) (value string, ok bool) {
	if value, ok = s.values[name]; ok {
		return value, true
	}
	return s.lookup(kubernetes + strings.ToUpper(name))
}

func (s *Store) add(source *graph.SecretSource, folder string) error {
	switch source.Kind {
	case "inline":
		for name, value := range source.Values {
			s.values[source.Prefix+name] = value
		}
	case "file":
		path := source.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		return s.file(path, source.Prefix)
	case "env":
		s.variables(source, func(name string) string { return name })
	case "kubernetes":
		s.variables(source, func(name string) string { return kubernetes + strings.ToUpper(name) })
	}
	return nil
}

func (s *Store) variables(source *graph.SecretSource, variable func(name string) string) {
	for _, name := range source.Names {
		if value, ok := s.lookup(variable(name)); ok {
			s.values[source.Prefix+name] = value
		}
	}
}

// file reads lines NAME=value; others are left out. $NAME in a value stands for a
// variable that is set, as in MLRun.
func (s *Store) file(path, prefix string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	_ = f.Close() // only read
	switch {
	case err != nil:
		return fmt.Errorf("read secrets: %w", err)
	case len(text) > maxFile:
		return fmt.Errorf("read secrets: %s is larger than %d bytes", path, maxFile)
	}
	for line := range bytes.Lines(text) {
		if name, value, ok := strings.Cut(string(line), "="); ok {
			s.values[prefix+strings.TrimSpace(name)] = os.Expand(strings.TrimSpace(value), s.expand)
		}
	}
	return nil
}

func (s *Store) expand(name string) string {
	if value, ok := s.lookup(name); ok {
		return value
	}
	return "$" + name
}
