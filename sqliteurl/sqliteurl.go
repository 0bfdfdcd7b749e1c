// Package sqliteurl reads the address of a SQLite file, for whatever keeps something
// in one.
package sqliteurl

import (
	"errors"
	"net/url"
	"strings"
)

// Path is the path of the file: what follows sqlite:// and an empty host, or sqlite:
// where it is relative. What else the URL has is for whoever asks.
func Path(u *url.URL) (string, error) {
	path := u.Path
	if u.Opaque != "" {
		var err error
		if path, err = url.PathUnescape(u.Opaque); err != nil {
			return "", errors.New("the path has an invalid escape")
		}
	}
	switch {
	case u.Host != "" || u.User != nil:
		return "", errors.New("a path after sqlite:// begins with /, and a relative one follows sqlite: without slashes")
	case path == "" || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0):
		return "", errors.New("the path of the file is missing: sqlite:///<path>")
	}
	return path, nil
}
