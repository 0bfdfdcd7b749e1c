package artifact

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// A wanted file is one that is brought into the cache.
type wanted struct {
	name string // in the artifact, with slashes
	at   location
	sum  digest // that it must have; "" where nobody knows
	may  bool   // it may stay where it is if it cannot be brought
}

// bring brings files into the cache and returns the folder that has them, and
// nothing else, under their names.
func (s *Store) bring(ctx context.Context, files []wanted) (folder, error) {
	if s.Cache == nil {
		return "", fmt.Errorf("%s is not on this machine, and this program brings no models here", files[0].at)
	}
	done, err := s.Cache.bringing(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	parts := make([]part, 0, len(files))
	for _, w := range files {
		f, err := s.Cache.fetch(ctx, func(ctx context.Context) (Bucket, error) { return s.bucket(ctx, w.at) }, w.at, w.sum)
		var wrong *mismatch
		switch {
		case err == nil:
			parts = append(parts, part{w.name, f})
		case errors.As(err, &wrong):
			return "", fmt.Errorf("%s: %w", w.at, err)
		case !w.may || ctx.Err() != nil:
			return "", err
		}
	}
	dir, err := s.Cache.view(ctx, parts)
	return folder(dir), err
}

// remote opens what is in a bucket or on a web server.
func (s *Store) remote(ctx context.Context, l location, suffix string) (*serve.Artifact, error) {
	if s.Cache == nil {
		return nil, errors.New("it is not on this machine, and this program brings no models here")
	}
	if isDescription(l.key) {
		return s.remoteSpec(ctx, l)
	}
	isFile := suffix != "" && strings.HasSuffix(l.key, suffix)
	if !isFile && l.key != "" && !strings.HasSuffix(l.key, "/") {
		var err error
		if isFile, err = s.isFile(ctx, l); err != nil {
			return nil, err
		}
	}
	if isFile {
		name := path.Base(l.key)
		dir, err := s.bringModel(ctx, l, []wanted{{name: name, at: l}}, name)
		if err != nil {
			return nil, err
		}
		return &serve.Artifact{File: dir.join(name), Files: dir}, nil
	}
	return s.remoteFolder(ctx, l, suffix)
}

// isFile says whether there is a file at a location. Where there is none there may
// be a folder.
func (s *Store) isFile(ctx context.Context, l location) (bool, error) {
	b, err := s.bucket(ctx, l)
	if err != nil {
		return false, err
	}
	_, err = b.Stat(ctx, l.key)
	switch {
	case missing(err):
		return false, nil
	case err != nil:
		return false, remoteError(l, err)
	}
	return true, nil
}

// remoteSpec opens the artifact whose description is at a location.
func (s *Store) remoteSpec(ctx context.Context, l location) (*serve.Artifact, error) {
	name := path.Base(l.key)
	spec := wanted{name: name, at: l}
	dir, err := s.bring(ctx, []wanted{spec})
	if err != nil {
		return nil, err
	}
	data, err := readDescription(dir, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d, err := parseDescription(name, data)
	if err != nil {
		return nil, err
	}
	a, err := s.describedAt(ctx, d, l.folder(), []wanted{spec}, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return a, nil
}

// describedAt brings the files that a description names, which stands in a folder
// elsewhere or is about one. Files of this machine are none that it can name. What
// is beside the model comes with it; extra data of other folders stays there.
func (s *Store) describedAt(ctx context.Context, d *description, at location, more []wanted, inStore bool) (*serve.Artifact, error) {
	if d.kind == kindLink {
		return nil, errors.New("it is a link to an iteration, and no model")
	}
	names, err := d.modelNames(inStore)
	if err != nil {
		return nil, err
	}
	extra, err := d.extraAt(at)
	if err != nil {
		return nil, err
	}
	var first error
	for _, name := range names {
		a, err := s.bringAll(ctx, d, at, name, slices.Concat(more, extra))
		if err == nil {
			return a, nil
		}
		if first == nil {
			first = err
		}
		if !missing(err) {
			break
		}
	}
	return nil, first
}

// bringAll brings a model of that name and what else belongs to it.
func (s *Store) bringAll(ctx context.Context, d *description, at location, name string, more []wanted) (*serve.Artifact, error) {
	model, err := fileAt(at, name)
	if err != nil {
		return nil, fmt.Errorf("model file %w", err)
	}
	model.sum = d.sum(name)
	files := []wanted{model}
	for _, w := range more {
		if w.name != model.name {
			files = append(files, w)
		}
	}
	dir, err := s.bringModel(ctx, model.at, files, model.name)
	if err != nil {
		return nil, err
	}
	a := d.Artifact
	a.File, a.Files = dir.join(filepath.FromSlash(model.name)), dir
	a.Extra = d.broughtExtra(dir, at)
	return &a, nil
}

// fileAt is a file that a description names: below its folder, or at a URL.
func fileAt(at location, name string) (wanted, error) {
	if scheme.MatchString(name) {
		if below, ok := at.relative(name); ok {
			return wanted{name: below, at: at.file(below)}, nil
		}
		l, err := parseLocation(name)
		if err != nil {
			return wanted{}, fmt.Errorf("%s: %w", quoted(name), err)
		}
		return wanted{name: path.Base(l.key), at: l}, nil
	}
	clean := path.Clean(name)
	if !filepath.IsLocal(filepath.FromSlash(name)) || clean == "." {
		return wanted{}, fmt.Errorf("%s: the name leads out of the folder", name)
	}
	return wanted{name: clean, at: at.file(clean)}, nil
}

// extraAt are the files of the extra data that lie in the folder of the
// description, and those that it has checksums of.
func (d *description) extraAt(at location) (files []wanted, err error) {
	names := map[string]bool{}
	for name := range d.sums {
		names[name] = true
	}
	for key, name := range d.extra {
		if scheme.MatchString(name) {
			below, ok := at.relative(name)
			if !ok {
				continue
			}
			name = below
		}
		w, err := fileAt(at, name)
		if err != nil {
			return nil, fmt.Errorf("extra data %s: %w", key, err)
		}
		names[w.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name == d.modelFile || name == d.targetFile {
			continue
		}
		w, err := fileAt(at, name)
		if err != nil {
			return nil, fmt.Errorf("file %w", err)
		}
		w.sum, w.may = d.sums[name], d.sums[name] == ""
		files = append(files, w)
	}
	return files, nil
}

// broughtExtra are the paths of the extra data that was brought, and the URLs of
// the other.
func (d *description) broughtExtra(dir folder, at location) map[string]string {
	if d.extra == nil {
		return nil
	}
	all := make(map[string]string, len(d.extra))
	for key, name := range d.extra {
		w, err := fileAt(at, name)
		if err != nil {
			all[key] = name // of another kind of place: a store, for example
			continue
		}
		if path, info, err := dir.stat(filepath.FromSlash(w.name)); err == nil && info.Mode().IsRegular() && w.at == at.file(w.name) {
			all[key] = path
			continue
		}
		all[key] = w.at.url()
	}
	return all
}

// remoteFolder opens a folder elsewhere.
func (s *Store) remoteFolder(ctx context.Context, l location, suffix string) (*serve.Artifact, error) {
	if strings.HasPrefix(l.scheme, "http") {
		a, err := s.remoteSpec(ctx, l.file(specName))
		if missing(err) {
			return nil, fmt.Errorf("%s: there is neither a file nor a folder with a %s, and a web server does not say what else is in one", l, specName)
		}
		return a, err
	}
	names, err := s.list(ctx, l)
	if err != nil {
		return nil, err
	}
	if slices.Contains(names, specName) {
		return s.remoteSpec(ctx, l.file(specName))
	}
	model, err := choose(l.String(), names, suffix)
	if err != nil {
		return nil, err
	}
	return s.plainFolder(ctx, l, names, model)
}

// plainFolder brings the model of a folder without a description. An ONNX model
// may have its weights in any of the others, which come with it.
func (s *Store) plainFolder(ctx context.Context, l location, names []string, model string) (*serve.Artifact, error) {
	a := &serve.Artifact{Extra: make(map[string]string, len(names))}
	var files []wanted
	for _, name := range names {
		a.Extra[name] = l.file(name).url()
		if name == model || strings.EqualFold(path.Ext(model), ".onnx") {
			files = append(files, wanted{name: name, at: l.file(name)})
		}
	}
	dir, err := s.bring(ctx, files)
	if err != nil {
		return nil, err
	}
	for _, w := range files {
		a.Extra[w.name] = dir.join(w.name)
	}
	a.Files, a.File = dir, dir.join(model)
	return a, nil
}

// list are the names of the files in a folder of a bucket, sorted; folders below
// are left out.
func (s *Store) list(ctx context.Context, l location) ([]string, error) {
	names, _, err := s.entries(ctx, l)
	if err == nil && len(names) == 0 {
		err = &remote{l, "there is neither a file nor a folder with files", errNothing}
	}
	return names, err
}

var errNothing = errors.New("nothing there")

// Fetch brings a file to this machine and returns its path: that of a URL, or of
// the model file at a store URI. A path of this machine is that of the file already.
// Of a folder in a bucket it brings the files, and returns the folder.
func (s *Store) Fetch(ctx context.Context, address, project string) (string, error) {
	path, err := s.fetch(ctx, address, project)
	if err != nil {
		return "", fmt.Errorf("bring %s: %w", shown(address), err)
	}
	return path, nil
}

func (s *Store) fetch(ctx context.Context, address, project string) (string, error) {
	if IsRef(address) {
		a, err := s.registered(ctx, Request{Path: address, Project: project})
		if err != nil {
			return "", err
		}
		return a.File, nil
	}
	if isLocal(address) {
		return localPath(address)
	}
	l, err := parseLocation(address)
	if err != nil {
		return "", err
	}
	name := path.Base("/" + l.key)
	dir, err := s.bring(ctx, []wanted{{name: name, at: l}})
	if err == nil {
		return dir.join(name), nil
	}
	if !missing(err) || strings.HasPrefix(l.scheme, "http") {
		return "", err
	}
	names, err := s.list(ctx, l)
	if err != nil {
		return "", err
	}
	files := make([]wanted, len(names))
	for i, name := range names {
		files[i] = wanted{name: name, at: l.file(name)}
	}
	dir, err = s.bring(ctx, files)
	return string(dir), err
}
