package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A world is what the tests have in the place of clouds: buckets in memory at
// gs://, one a test, that can be cut off and that count what is asked of them.
type world struct {
	name string

	mu    sync.Mutex
	files map[string]string
	tags  map[string]int // how often each was written

	asked, read    atomic.Int64
	cut, half, jam atomic.Bool // unreachable; ends in the middle; stands still

	before func(key string) // is called before a file is read; nil for nothing
}

var worlds sync.Map // by name

func dial(_ context.Context, address string) (Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "gs" {
		return nil, fmt.Errorf("this program has no driver for %s://", u.Scheme)
	}
	if w, ok := worlds.Load(u.Host); ok {
		return w.(*world), nil
	}
	return nil, errors.New("there is no such bucket")
}

// newWorld makes a bucket of files.
func newWorld(t *testing.T, files map[string]string) *world {
	w := &world{name: strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), files: map[string]string{}, tags: map[string]int{}}
	worlds.Store(w.name, w)
	t.Cleanup(func() { worlds.Delete(w.name) })
	for name, text := range files {
		w.put(name, text)
	}
	return w
}

func (w *world) put(name, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[name] = text
	w.tags[name]++
}

func (w *world) at(name string) string { return "gs://" + w.name + "/" + name }

func (w *world) keys() (keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return sortedKeys(w.files)
}

var errCut = errors.New("dial: no route to host")

func (w *world) get(key string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut.Load() {
		return "", errCut
	}
	text, ok := w.files[key]
	if !ok {
		return "", fs.ErrNotExist
	}
	return text, nil
}

func (w *world) Stat(_ context.Context, key string) (Info, error) {
	w.asked.Add(1)
	text, err := w.get(key)
	return Info{Size: int64(len(text)), ETag: fmt.Sprint(w.tags[key])}, err
}

func (w *world) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	w.read.Add(1)
	if w.before != nil {
		w.before(key)
	}
	text, err := w.get(key)
	if err != nil {
		return nil, err
	}
	if w.half.Load() {
		text = text[:len(text)/2]
	}
	var r io.Reader = strings.NewReader(text)
	if w.jam.Load() {
		r = jammed{ctx}
	}
	return io.NopCloser(r), nil
}

type jammed struct{ ctx context.Context }

func (j jammed) Read([]byte) (int, error) {
	<-j.ctx.Done()
	return 0, j.ctx.Err()
}

func (w *world) List(_ context.Context, prefix string, tell func(key string) bool) error {
	if w.cut.Load() {
		return errCut
	}
	keys := w.keys()
	slices.Reverse(keys)
	told := map[string]bool{}
	for _, key := range keys {
		rest, ok := strings.CutPrefix(key, prefix)
		if first, _, deeper := strings.Cut(rest, "/"); deeper {
			key = prefix + first + "/"
		}
		if ok && !told[key] && !tell(key) {
			break
		}
		told[key] = true
	}
	return nil
}

func (w *world) Write(ctx context.Context, key, _ string, r io.Reader) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	if w.cut.Load() {
		return errCut
	}
	w.put(key, b.String())
	return ctx.Err()
}

func (w *world) Delete(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.files, key)
	return nil
}

func (w *world) Close() error { return nil }

// newStore is a store with a cache of its own, or in a folder that others have too.
func newStore(t *testing.T, dir string) *Store {
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "cache")
	}
	s := &Store{Cache: &Cache{Dir: dir}, Dial: dial}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func wants(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %s", err, text)
		}
	}
}
