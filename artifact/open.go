// Package artifact opens model artifacts, wherever they are: files, folders and
// MLRun's model artifacts with their model_spec.yaml, on this machine, in buckets
// and on web servers, and by the names that a registry has for them. A [Store]
// opens them; what is not on this machine it keeps in a [Cache]. [Store.Push] makes
// artifacts.
package artifact

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/leat-ml/leat/serve"
)

const specName = "model_spec.yaml"

// Open opens the artifact at a path of this machine, or file:// URL of one, as
// [Store.Open] does, and does not compare files with their checksums: it is for
// looking at models, not for loading them.
func Open(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	return (&Store{unverified: true}).Open(ctx, Request{Path: path, Suffix: suffix})
}

var scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://`)

// isLocal says whether a path or URL is one of this machine.
func isLocal(path string) bool {
	m := scheme.FindStringSubmatch(path)
	return len(m) == 0 || strings.EqualFold(m[1], "file")
}

// localPath is the path that a path or file URL names.
func localPath(path string) (string, error) {
	if !scheme.MatchString(path) {
		return path, nil
	}
	u, err := url.Parse(path)
	if err != nil {
		return "", fmt.Errorf("not a URL: %w", err)
	}
	if u.Host != "" && u.Host != "localhost" || u.Path == "" {
		return "", errors.New("a file URL is file:///path, without a host")
	}
	return u.Path, nil
}

// local opens what is at a path of this machine.
func (s *Store) local(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case info.IsDir():
		return s.localFolder(ctx, filepath.Clean(path), suffix)
	case !info.Mode().IsRegular():
		return nil, errors.New("neither a file nor a folder")
	case isDescription(path):
		return s.localSpec(ctx, folder(filepath.Dir(path)), filepath.Base(path))
	}
	return &serve.Artifact{File: path, Files: folder(filepath.Dir(path))}, nil
}

func isDescription(path string) bool { return strings.EqualFold(filepath.Ext(path), ".yaml") }

func (s *Store) localFolder(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	dir := folder(path)
	if _, err := os.Lstat(filepath.Join(path, specName)); err == nil {
		return s.localSpec(ctx, dir, specName)
	}
	names, err := dir.plainFiles()
	if err != nil {
		return nil, err
	}
	a := &serve.Artifact{Files: dir, Extra: make(map[string]string, len(names))}
	for _, name := range names {
		a.Extra[name] = dir.join(name)
	}
	model, err := choose(path, names, suffix)
	if err != nil {
		return nil, err
	}
	a.File, err = dir.file(model)
	return a, err
}

// localSpec opens the artifact whose description lies in dir.
func (s *Store) localSpec(ctx context.Context, dir folder, name string) (*serve.Artifact, error) {
	data, err := readDescription(dir, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d, err := parseDescription(name, data)
	if err != nil {
		return nil, err
	}
	a, err := s.described(ctx, d, dir, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return a, nil
}

// choose finds the model file among the files of a folder.
func choose(path string, names []string, suffix string) (string, error) {
	if suffix == "" && len(names) > 1 {
		return "", fmt.Errorf("the folder has %d files and no %s: name the model file", len(names), specName)
	}
	for _, name := range names {
		if strings.HasSuffix(name, suffix) {
			return name, nil
		}
	}
	return "", fmt.Errorf("cant resolve model file for %s suffix%s", path, suffix) // MLRun's words
}
