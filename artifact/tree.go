package artifact

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxDepth is how deep folders may be below one that is brought with them.
const maxDepth = 16

// Tree brings a file, or a folder with all that is below it, to this machine and
// returns its path, which ends in its name. A path of this machine, or a file:// URL of
// one, is that of what is there already; a store:// URI leads to the file of a model.
// A web server cannot be asked what is in a folder, so that a URL there is that of a
// file. Project is that of references without one.
//
// What was brought stays where it is until Close. Another call brings what has changed
// meanwhile; what has not is at the same path.
func (s *Store) Tree(ctx context.Context, address, project string) (string, error) {
	dir, err := s.tree(ctx, address, project)
	if err != nil {
		return "", fmt.Errorf("bring %s: %w", shown(address), err)
	}
	return dir, nil
}

func (s *Store) tree(ctx context.Context, address, project string) (string, error) {
	if IsRef(address) || isLocal(address) {
		return s.fetch(ctx, address, project)
	}
	l, err := parseLocation(address)
	if err != nil {
		return "", err
	}
	if s.Cache == nil {
		return "", errors.New("it is not on this machine, and this program brings no models here")
	}
	name := path.Base("/" + strings.TrimSuffix(l.key, "/"))
	if !strings.HasSuffix(l.key, "/") && l.key != "" {
		dir, err := s.bringModel(ctx, l, []wanted{{name: name, at: l}}, name)
		if err == nil {
			return dir.join(name), nil
		}
		if !missing(err) || strings.HasPrefix(l.scheme, "http") {
			return "", err
		}
	}
	if strings.HasPrefix(l.scheme, "http") {
		return "", errors.New("a web server does not say what is in a folder: write the URL of a file")
	}
	if name == "/" {
		name = path.Base(l.host)
	}
	files, err := s.below(ctx, l, name)
	if err != nil {
		return "", err
	}
	dir, err := s.bring(ctx, files)
	return dir.join(name), err
}

// below are all files in a folder of a bucket, which is to have a name here.
func (s *Store) below(ctx context.Context, l location, name string) (files []wanted, err error) {
	type level struct {
		at   location
		name string
	}
	folders := []level{{l, name}}
	for depth := 0; len(folders) > 0; depth++ {
		if depth > maxDepth {
			return nil, fmt.Errorf("%s: folders are more than %d deep", l, maxDepth)
		}
		var deeper []level
		for _, f := range folders {
			names, inner, err := s.entries(ctx, f.at)
			if err != nil {
				return nil, err
			}
			for _, n := range names {
				files = append(files, wanted{name: f.name + "/" + n, at: f.at.file(n)})
			}
			for _, n := range inner {
				deeper = append(deeper, level{f.at.file(n), f.name + "/" + n})
			}
			if len(files)+len(deeper) > maxFiles {
				return nil, fmt.Errorf("%s: there are more than %d files and folders", l, maxFiles)
			}
		}
		folders = deeper
	}
	if len(files) == 0 {
		return nil, &remote{l, "there is neither a file nor a folder with files", errNothing}
	}
	return files, nil
}

// entries are the names of the files in a folder of a bucket, and of its folders,
// sorted. What cannot be a name on this machine is left out.
func (s *Store) entries(ctx context.Context, l location) (files, folders []string, err error) {
	b, err := s.bucket(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	prefix := strings.TrimSuffix(l.key, "/")
	if prefix != "" {
		prefix += "/"
	}
	err = b.List(ctx, prefix, func(key string) bool {
		name, isFolder := strings.CutSuffix(strings.TrimPrefix(key, prefix), "/")
		switch {
		case name == "." || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`):
		case isFolder:
			folders = append(folders, name)
		default:
			files = append(files, name)
		}
		return len(files)+len(folders) <= maxFiles
	})
	if err != nil {
		return nil, nil, remoteError(l, err)
	}
	if len(files)+len(folders) > maxFiles {
		return nil, nil, fmt.Errorf("%s: the folder has more than %d files", l, maxFiles)
	}
	slices.Sort(files)
	slices.Sort(folders)
	return files, folders, nil
}
