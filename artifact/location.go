package artifact

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// A location is a file or folder that is not on this machine.
type location struct {
	scheme string
	bucket string // URL that opens the bucket, with the query of the location
	host   string // scheme and bucket as people see them
	key    string // within the bucket, without a slash in front
}

// schemes are those that locations have, and what gocloud calls them.
var schemes = map[string]string{
	"s3": "s3", "gs": "gs", "gcs": "gs", "azblob": "azblob", "az": "azblob", "http": "http", "https": "https",
}

// parseLocation reads the URL of a file or folder; a query opens the bucket.
// Errors do not repeat it: there may be a password or signature in it.
func parseLocation(text string) (location, error) {
	u, err := url.Parse(text)
	if err != nil {
		return location{}, errors.New("the URL cannot be read: special characters are written as %20, for example")
	}
	scheme, ok := schemes[strings.ToLower(u.Scheme)]
	switch {
	case !ok:
		return location{}, fmt.Errorf("%s:// is not supported: a model is a file or folder of this machine, or at s3://, gs://, azblob://, http://, https:// or store://", u.Scheme)
	case u.Host == "":
		return location{}, fmt.Errorf("the URL names no host or bucket: it is %s://name/path", scheme)
	case u.Fragment != "":
		return location{}, errors.New("there is a # in the URL; in a path it is written as %23")
	}
	key := strings.TrimPrefix(u.Path, "/")
	if strings.ContainsRune(key, 0) {
		return location{}, errors.New("there is a zero byte in the path")
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == ".." || part == "." {
			return location{}, errors.New("there is a . or .. in the path")
		}
	}
	b := url.URL{Scheme: scheme, User: u.User, Host: u.Host, RawQuery: u.RawQuery}
	return location{scheme: scheme, bucket: b.String(), host: scheme + "://" + u.Host, key: key}, nil
}

// String is the location without passwords and signatures.
func (l location) String() string { return l.host + "/" + l.key }

// file is the location of what lies below a folder.
func (l location) file(name string) location {
	l.key = path.Join(l.key, name)
	return l
}

// folder is where the file lies.
func (l location) folder() location {
	l.key = strings.TrimPrefix(path.Dir("/"+l.key), "/")
	return l
}

// url is the location with all that opens it.
func (l location) url() string {
	u, err := url.Parse(l.bucket)
	if err != nil {
		return l.String() // it has been parsed before
	}
	u.Path = "/" + l.key
	return u.String()
}

// relative is the name of a URL below the folder l, if it is there.
func (l location) relative(text string) (name string, ok bool) {
	other, err := parseLocation(text)
	if err != nil || other.host != l.host {
		return "", false
	}
	name, ok = strings.CutPrefix(other.key, strings.TrimSuffix(l.key, "/")+"/")
	return name, ok && name != ""
}
