package artifact

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A localBucket is a folder of this machine, which artifacts are written to. Its
// folders are made with the first file in them.
type localBucket string

func (b localBucket) at(key string) string { return filepath.Join(string(b), filepath.FromSlash(key)) }

// Stat implements [Bucket].
func (b localBucket) Stat(_ context.Context, key string) (Info, error) {
	info, err := os.Stat(b.at(key))
	if err != nil {
		return Info{}, err
	}
	return Info{Size: info.Size(), Modified: info.ModTime()}, nil
}

// Read implements [Bucket].
func (b localBucket) Read(_ context.Context, key string) (io.ReadCloser, error) {
	return os.Open(b.at(key))
}

// List implements [Bucket].
func (b localBucket) List(_ context.Context, prefix string, tell func(key string) bool) error {
	dir, begin := path.Split(prefix)
	entries, err := os.ReadDir(b.at(dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := dir + e.Name()
		if e.IsDir() {
			name += "/"
		}
		if strings.HasPrefix(e.Name(), begin) && !tell(name) {
			break
		}
	}
	return nil
}

// Write implements [Bucket]. The file is on the disk when it returns.
func (b localBucket) Write(_ context.Context, key, _ string, r io.Reader) error {
	name := b.at(key)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil { //nolint:gosec // the umask decides
		return err
	}
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // see above
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // err says more
	}
	return err
}

// Delete implements [Bucket].
func (b localBucket) Delete(_ context.Context, key string) error {
	if err := os.Remove(b.at(key)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Close implements [Bucket].
func (b localBucket) Close() error { return nil }

var _ Bucket = localBucket("")
