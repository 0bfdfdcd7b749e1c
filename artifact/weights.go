package artifact

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// bringModel brings files and, where one of them is an ONNX model, the weights that it
// has in files of their own. Those lie beside it, or below: a model that names others
// is refused.
func (s *Store) bringModel(ctx context.Context, at location, files []wanted, model string) (folder, error) {
	dir, err := s.bring(ctx, files)
	if err != nil || !strings.EqualFold(path.Ext(model), ".onnx") {
		return dir, err
	}
	names, err := weightsOf(dir.join(filepath.FromSlash(model)))
	if err != nil {
		return "", fmt.Errorf("%s: the weights beside the model: %w", at, err)
	}
	here := len(files)
	for _, name := range names {
		w := wanted{name: path.Join(path.Dir(model), name), at: at.beside(name)}
		if !slices.ContainsFunc(files, func(f wanted) bool { return f.name == w.name }) {
			files = append(files, w)
		}
	}
	if len(files) == here {
		return dir, nil
	}
	if dir, err = s.bring(ctx, files); err != nil {
		return "", fmt.Errorf("%s has weights in files of their own: %w", at, err)
	}
	return dir, nil
}

// beside is the location of a file in the folder of this one.
func (l location) beside(name string) location {
	l.key = path.Join(path.Dir(l.key), name)
	return l
}
