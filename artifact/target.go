package artifact

import (
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // see digest.go
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A target is the folder that an artifact is written to.
type target struct {
	bucket Bucket
	local  string   // the bucket's folder; "" where it is elsewhere
	prefix string   // of the keys, with a slash at the end
	url    string   // that opens it
	shown  string   // that people see, and MLRun
	sent   []string // keys that are there
}

// target opens the folder of an entry below a root.
func (s *Store) target(ctx context.Context, root string, e Entry) (*target, error) {
	below := path.Join(e.Project, e.Key, e.Tree, strconv.Itoa(e.Iter)) + "/"
	if !isLocal(root) {
		l, err := parseLocation(root)
		if err != nil {
			return nil, fmt.Errorf("artifacts: %w", err)
		}
		b, err := s.bucket(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("artifacts: %w", err)
		}
		l = l.file(below)
		l.key += "/"
		return &target{bucket: b, prefix: l.key, url: l.url(), shown: l.String()}, nil
	}
	dir, err := localPath(root)
	if err == nil && dir == "" {
		err = errors.New("the folder has no name")
	}
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("artifacts: %w", err)
	}
	full := filepath.Join(dir, filepath.FromSlash(below)) + "/"
	return &target{bucket: localBucket(dir), local: dir, prefix: below, url: full, shown: full}, nil
}

// fill writes the files, and then the description, which it puts into the entry.
func (t *target) fill(ctx context.Context, files []sent, p *Push, e *Entry) error {
	for i := range files {
		if err := t.send(ctx, &files[i]); err != nil {
			return err
		}
	}
	e.Document = p.document(e, files, t.shown)
	if _, err := parseDescription(specName, e.Document); err != nil {
		return err // too much of something
	}
	if len(e.Document) > maxDescription {
		return fmt.Errorf("the description would be larger than %d MiB: there are too many columns", maxDescription>>20)
	}
	return t.send(ctx, &sent{name: specName, text: e.Document})
}

// send writes one file and notes its checksums. A file is there when it is whole.
func (t *target) send(ctx context.Context, f *sent) error {
	var in io.Reader = strings.NewReader(string(f.text))
	if f.path != "" {
		file, err := os.Open(f.path)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, withoutPath(err))
		}
		defer file.Close()
		in = &stoppable{ctx, file}
	}
	sum, old := sha256.New(), sha1.New() //nolint:gosec // see digest.go
	count := &counter{r: in}
	err := t.bucket.Write(ctx, t.prefix+f.name, contentType(f.name), io.TeeReader(count, io.MultiWriter(sum, old)))
	if err != nil {
		return t.failed(f, err)
	}
	f.size = count.n
	t.sent = append(t.sent, t.prefix+f.name)
	f.sum, f.old = digest(sha256Prefix).of(sum), digest(sha1Prefix).of(old)
	return nil
}

// A counter counts what was read.
type counter struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".yaml":
		return "application/yaml"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}

// failed says what could not be written.
func (t *target) failed(f *sent, err error) error {
	if t.local != "" {
		return fmt.Errorf("write %s%s: %w", t.shown, f.name, withoutPath(err))
	}
	return fmt.Errorf("write %s%s: %s", t.shown, f.name, oneLine(err))
}

// clearing is how long what failed may be cleared up.
const clearing = 10 * time.Second

// clear removes what was written, and of a folder what was made for it.
func (t *target) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearing)
	defer cancel()
	var left error
	for _, key := range t.sent {
		if err := t.bucket.Delete(ctx, key); err != nil {
			left = cmp.Or(left, fmt.Errorf("%s stays behind: %s", t.shown, oneLine(err)))
		}
	}
	if t.local == "" {
		return left
	}
	for dir := filepath.Join(t.local, filepath.FromSlash(t.prefix)); len(dir) > len(t.local); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // there is more in it
			break
		}
	}
	return left
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
