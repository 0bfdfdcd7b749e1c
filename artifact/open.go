// Package artifact opens model artifacts: files, folders and MLRun's model
// artifacts with their model_spec.yaml. [Open] is the entry point.
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
// MLRun's get_model does:
//
//   - *.yaml is the description of an artifact (model_spec.yaml), which names
//     the model file beside it;
//   - any other plain file is the model file itself;
//   - a folder with a model_spec.yaml is described by it;
//   - in any other folder every plain file is extra data, and the first whose
//     name ends in suffix is the model file. Without a suffix the folder must
//     hold one file.
//
// Names in a description are relative to its folder and stay in it, whether
// through ".." or a link; absolute ones are kept as they are. Extra data at a
// URL is left out. Parameters, features, labels and metrics are read from a
// description; a mistake in it is told with line and column.
//
// Open holds nothing open: the files of the artifact are opened when they are
// read. It is safe for concurrent use.
func Open(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	local, err := localPath(path)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	a, err := open(local, suffix)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	return a, nil
}

func open(path, suffix string) (*serve.Artifact, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case info.IsDir():
		return openFolder(filepath.Clean(path), suffix)
	case !info.Mode().IsRegular():
		return nil, errors.New("neither a file nor a folder")
	case strings.EqualFold(filepath.Ext(path), ".yaml"):
		return described(folder(filepath.Dir(path)), filepath.Base(path))
	}
	return &serve.Artifact{File: path, Files: folder(filepath.Dir(path))}, nil
}

var scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://`)

// localPath is the path that a path or file URL names.
func localPath(path string) (string, error) {
	m := scheme.FindStringSubmatch(path)
	if m == nil {
		return path, nil
	}
	if strings.ToLower(m[1]) != "file" {
		return "", fmt.Errorf("%s is not supported by this version yet, it opens files and folders of this machine", m[0])
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

func openFolder(path, suffix string) (*serve.Artifact, error) {
	dir := folder(path)
	if _, err := os.Lstat(filepath.Join(path, specName)); err == nil {
		return described(dir, specName)
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
