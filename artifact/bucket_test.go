package artifact

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"
)

// A world is what the tests have in the place of clouds: buckets in memory at
// gs://, one a test, that can be cut off and that count what is asked of them.
type world struct {
	*blob.Bucket
	name           string
	asked, read    atomic.Int64
	cut, half, jam atomic.Bool // unreachable; ends in the middle; stands still
}

var worlds sync.Map // by name

func init() { blob.DefaultURLMux().RegisterBucket("gs", opener{}) }

type opener struct{}

func (opener) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	w, ok := worlds.Load(u.Host)
	if !ok {
		return nil, errors.New("there is no such bucket")
	}
	return blob.NewBucket(&watched{w.(*world)}), nil
}

// newWorld makes a bucket of files.
func newWorld(t *testing.T, files map[string]string) *world {
	w := &world{Bucket: memblob.OpenBucket(nil), name: strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))}
	worlds.Store(w.name, w)
	t.Cleanup(func() { worlds.Delete(w.name); w.Close() })
	for name, text := range files {
		w.put(t, name, text)
	}
	return w
}

func (w *world) put(t *testing.T, name, text string) {
	t.Helper()
	if err := w.WriteAll(t.Context(), name, []byte(text), nil); err != nil {
		t.Fatal(err)
	}
}

func (w *world) at(name string) string { return "gs://" + w.name + "/" + name }

var errCut = errors.New("dial: no route to host")

// watched is a world as a driver.
type watched struct{ w *world }

func (d *watched) ErrorCode(err error) gcerrors.ErrorCode { return gcerrors.Code(err) }
func (d *watched) As(any) bool                            { return false }
func (d *watched) ErrorAs(error, any) bool                { return false }
func (d *watched) Close() error                           { return nil }

func (d *watched) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	d.w.asked.Add(1)
	if d.w.cut.Load() {
		return nil, errCut
	}
	a, err := d.w.Bucket.Attributes(ctx, key)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{Size: a.Size, ModTime: a.ModTime, ETag: a.ETag}, nil
}

func (d *watched) ListPaged(ctx context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	if d.w.cut.Load() {
		return nil, errCut
	}
	page := &driver.ListPage{}
	for it := d.w.List(&blob.ListOptions{Prefix: o.Prefix, Delimiter: o.Delimiter}); ; {
		f, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return page, nil
		}
		if err != nil {
			return nil, err
		}
		page.Objects = append(page.Objects, &driver.ListObject{Key: f.Key, IsDir: f.IsDir, Size: f.Size})
	}
}

func (d *watched) NewRangeReader(ctx context.Context, key string, _, _ int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	d.w.read.Add(1)
	if d.w.cut.Load() {
		return nil, errCut
	}
	data, err := d.w.ReadAll(ctx, key)
	if err != nil {
		return nil, err
	}
	if d.w.half.Load() {
		data = data[:len(data)/2]
	}
	r := &memory{Reader: bytes.NewReader(data)}
	if d.w.jam.Load() {
		r.jam = ctx
	}
	return r, nil
}

type memory struct {
	*bytes.Reader
	jam context.Context
}

func (m *memory) Read(p []byte) (int, error) {
	if m.jam != nil {
		<-m.jam.Done()
		return 0, m.jam.Err()
	}
	return m.Reader.Read(p)
}
func (m *memory) Close() error { return nil }
func (m *memory) As(any) bool  { return false }
func (m *memory) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{Size: m.Size()}
}

func (d *watched) NewTypedWriter(ctx context.Context, key, contentType string, _ *driver.WriterOptions) (driver.Writer, error) {
	if d.w.cut.Load() {
		return nil, errCut
	}
	return d.w.NewWriter(ctx, key, &blob.WriterOptions{ContentType: contentType})
}

func (d *watched) Copy(context.Context, string, string, *driver.CopyOptions) error { return errCut }
func (d *watched) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errCut
}
func (d *watched) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	return d.w.Bucket.Delete(ctx, key)
}

// newStore is a store with a cache of its own, or in a folder that others have too.
func newStore(t *testing.T, dir string) *Store {
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "cache")
	}
	s := &Store{Cache: &Cache{Dir: dir}}
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
