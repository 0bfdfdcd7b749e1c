package file

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// pathOf is the path that a URL names, and the folder that it is in if that is
// the program's.
func (fs *Files) pathOf(u *url.URL) (path string, in Folder, err error) {
	if u.Host != "" && u.Host != "localhost" {
		name := u.Host + u.Path
		return "", nil, fmt.Errorf("a file has no host: write file:///%s for the path /%s, or file:%s for a file in the data folder", name, name, name)
	}
	if u.Opaque != "" {
		return fs.within(u.Opaque)
	}
	if u.Path == "" || strings.HasSuffix(u.Path, "/") {
		return "", nil, errors.New("a stream in a file needs the file's path: file:///path")
	}
	return filepath.Clean(u.Path), nil, nil
}

// within is the path of a file in the program's folder, which it cannot leave.
func (fs *Files) within(escaped string) (path string, in Folder, err error) {
	name, err := url.PathUnescape(escaped)
	switch {
	case err != nil:
		return "", nil, err
	case strings.HasSuffix(name, "/"), filepath.Clean(name) == ".":
		return "", nil, errors.New("a stream in a file needs the file's path: file:path")
	case !filepath.IsLocal(name):
		return "", nil, fmt.Errorf("%q leads out of the data folder: write file:///path for a file elsewhere", name)
	case fs.Folder == nil:
		return "", nil, fmt.Errorf("this program has no data folder for %q: write file:///path for the path of a file", name)
	}
	return filepath.Join(fs.Folder.Path(), name), fs.Folder, nil
}
