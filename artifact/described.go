package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/leat-ml/leat/serve"
)

// described finds the files that a description in a folder of this machine, or of
// a registry about one, names. Relative names stay in the folder, whether through
// ".." or a link; absolute ones are kept as they are, and may be elsewhere.
func (s *Store) described(ctx context.Context, d *description, dir folder, inStore bool) (*serve.Artifact, error) {
	if d.kind == kindLink {
		return nil, errors.New("it is a link to an iteration, and no model")
	}
	names, err := d.modelNames(inStore)
	if err != nil {
		return nil, err
	}
	a := d.Artifact
	a.Files = dir
	if a.File, err = s.modelFile(ctx, d, dir, names); err != nil {
		return nil, err
	}
	if a.Extra, err = s.extraFiles(d, dir); err != nil {
		return nil, err
	}
	return &a, s.verifyParts(ctx, d, dir)
}

// modelFile is the path of the first of the names that is there. What the error
// tells is of the first.
func (s *Store) modelFile(ctx context.Context, d *description, dir folder, names []string) (string, error) {
	var first error
	for _, name := range names {
		path, err := s.oneFile(ctx, dir, name, d.sum(name))
		var gone *absent
		if err == nil {
			return path, nil
		}
		if first == nil {
			first = err
		}
		if !errors.As(err, &gone) {
			break
		}
	}
	return "", first
}

// oneFile is the path of a model file, which is compared with its checksum.
func (s *Store) oneFile(ctx context.Context, dir folder, name string, want digest) (string, error) {
	if !isLocal(name) {
		l, err := parseLocation(name)
		if err != nil {
			return "", fmt.Errorf("model file %s: %w", quoted(name), err)
		}
		view, err := s.bring(ctx, []wanted{{name: path.Base(l.key), at: l, sum: want}})
		if err != nil {
			return "", fmt.Errorf("model file %w", err)
		}
		return view.join(path.Base(l.key)), nil
	}
	local, err := localPath(name)
	if err != nil {
		return "", fmt.Errorf("model file %s: %w", name, err)
	}
	file, err := dir.file(local)
	if err != nil || want == "" || s.unverified {
		return file, err
	}
	if err := verify(ctx, file, want); err != nil {
		return "", fmt.Errorf("model file %s: %w", name, withoutPath(err))
	}
	return file, nil
}

// verifyParts compares the other files that a description has checksums of.
func (s *Store) verifyParts(ctx context.Context, d *description, dir folder) error {
	if s.unverified {
		return nil
	}
	for name, want := range d.sums {
		if name == d.modelFile || name == d.targetFile {
			continue
		}
		file, _, err := dir.stat(name)
		if err == nil {
			err = verify(ctx, file, want)
		}
		if err != nil {
			return fmt.Errorf("file %s: %w", name, withoutPath(err))
		}
	}
	return nil
}

// extraFiles are the paths of the extra data, whether it is there or not, and the
// URLs of what is elsewhere.
func (s *Store) extraFiles(d *description, dir folder) (map[string]string, error) {
	if d.extra == nil {
		return nil, nil
	}
	files := make(map[string]string, len(d.extra))
	for key, name := range d.extra {
		if scheme.MatchString(name) {
			files[key] = name
			continue
		}
		path, _, err := dir.stat(name)
		if path == "" || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("extra data %s: %s: %w", key, name, withoutPath(err))
		}
		files[key] = path
	}
	return files, nil
}
