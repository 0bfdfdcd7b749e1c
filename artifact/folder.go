package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxFiles is how many files a folder without a description may have.
const maxFiles = 10_000

// A folder is the files below a path of this machine. What leads out of it, by
// name or through a link, cannot be opened. It holds nothing open.
type folder string

// Open opens a file of the folder; it implements [fs.FS].
func (d folder) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(name)
}

func (d folder) join(name string) string { return filepath.Join(string(d), name) }

// file is the path of the plain file that is the model.
func (d folder) file(name string) (string, error) {
	path, info, err := d.stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &absent{name}
	case err != nil:
		return "", fmt.Errorf("model file %s: %w", name, withoutPath(err))
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("model file %s is not a file", name)
	}
	return path, nil
}

// An absent file is one that a description names and that is not there.
type absent struct{ name string }

// Error implements error.
func (e *absent) Error() string { return "model file " + e.name + " is not there" }

// stat finds what a description names: below the folder, or anywhere by an
// absolute path.
func (d folder) stat(name string) (path string, info fs.FileInfo, err error) {
	if filepath.IsAbs(name) {
		info, err = os.Stat(name)
		return name, info, err
	}
	if !filepath.IsLocal(name) {
		return "", nil, errors.New("the name leads out of the folder")
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return "", nil, err
	}
	defer root.Close()
	info, err = root.Stat(name)
	return d.join(name), info, err
}

// plainFiles are the names of the files in the folder, sorted, links to files
// among them; folders below are left out.
func (d folder) plainFiles() ([]string, error) {
	dir, err := os.Open(string(d))
	if err != nil {
		return nil, withoutPath(err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(maxFiles + 1)
	if err != nil && len(entries) > 0 {
		return nil, withoutPath(err)
	}
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("the folder has more than %d files", maxFiles)
	}
	return d.names(entries), nil
}

func (d folder) names(entries []fs.DirEntry) []string {
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0 && d.linksFile(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// linksFile says whether a link is one to a file, wherever that is; what leads
// out of the folder is refused when it is opened.
func (d folder) linksFile(name string) bool {
	info, err := os.Stat(d.join(name))
	return err == nil && info.Mode().IsRegular()
}

// withoutPath drops the path from an error that is told with a path in front.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
