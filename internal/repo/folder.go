package repo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A scan looks at no more than maxEntries files and folders, and at no more than
// maxFolder in one folder of a repository.
const (
	maxEntries = 100_000
	maxFolder  = 1_000
)

// A folder is what stands in one folder, without what is ignored by its name.
type folder struct {
	rel   string // from the root, with slashes; "." is the root
	files []string
	dirs  []string
	bad   map[string]error // what cannot be looked at
	more  bool             // there is more than was looked at
}

func (f *folder) has(file string) bool { return slices.Contains(f.files, file) }

// versions are the folders that are named by a number.
func (f *folder) versions() []string {
	var out []string
	for _, d := range f.dirs {
		if isNumber(d) {
			out = append(out, d)
		}
	}
	return out
}

// in is the path of a file in f, from the root.
func (f *folder) in(name string) string { return path.Join(f.rel, name) }

// ignored are names that never are models. Hidden ones are those of tools, and
// the folders that Kubernetes mounts behind links.
func ignored(name string) bool {
	switch name {
	case "__pycache__", "lost+found", "node_modules":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// list reads a folder. It fails only when the folder cannot be read.
func (s *scanner) list(rel string, limit int) (*folder, error) {
	dir, err := os.Open(s.path(rel))
	if err != nil {
		return nil, cause(err)
	}
	defer dir.Close()
	f := &folder{rel: rel, bad: map[string]error{}}
	limit = min(limit, s.left)
	entries, err := dir.ReadDir(limit + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, cause(err)
	}
	if len(entries) > limit {
		entries, f.more = entries[:limit], true
		s.full = s.full || limit == s.left
	}
	s.left -= len(entries)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		if !ignored(e.Name()) {
			s.sort(f, e)
		}
	}
	return f, nil
}

// sort puts an entry where it belongs, following links. What is neither file
// nor folder (a pipe, a device) is left out; opening it could block.
func (s *scanner) sort(f *folder, e fs.DirEntry) {
	mode := e.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(s.path(f.in(e.Name())))
		if err != nil {
			f.bad[e.Name()] = fmt.Errorf("the link leads nowhere: %w", cause(err))
			return
		}
		if os.SameFile(info, s.info) {
			return // a link back to the root
		}
		mode = info.Mode()
	}
	switch {
	case mode.IsDir():
		f.dirs = append(f.dirs, e.Name())
	case mode.IsRegular():
		f.files = append(f.files, e.Name())
	}
}

// path is where something below the root is found.
func (s *scanner) path(rel string) string { return filepath.Join(s.dir, filepath.FromSlash(rel)) }

// cause drops the path from an error that is told with the path in front.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
