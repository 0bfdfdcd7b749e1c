package buckets_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/s3blob"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/artifact/buckets"
	_ "github.com/leat-ml/leat/artifact/buckets/gcs"
)

// TestConformance: S3, on a server that speaks it within the process. Others are
// named by LEAT_BUCKETS, which make verify-buckets sets: URLs with spaces between
// them.
func TestConformance(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("models"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	defer srv.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
	t.Run("s3", func(t *testing.T) { conformance(t, "s3://models?endpoint="+url.QueryEscape(srv.URL)) })
	t.Run("gs", func(t *testing.T) {
		g := httptest.NewServer(&google{objects: map[string]googleObject{}})
		defer g.Close()
		t.Setenv("STORAGE_EMULATOR_HOST", g.URL)
		conformance(t, "gs://models")
	})
	t.Run("variable", func(t *testing.T) {
		t.Setenv("S3_ENDPOINT_URL", srv.URL)
		conformance(t, "s3://models")
	})
}

// TestReal is the suite on the servers that LEAT_BUCKETS names.
func TestReal(t *testing.T) {
	all := strings.Fields(os.Getenv("LEAT_BUCKETS"))
	if len(all) == 0 {
		t.Skip("LEAT_BUCKETS names no servers: make verify-buckets starts some")
	}
	for _, address := range all {
		scheme, _, _ := strings.Cut(address, ":")
		t.Run(scheme, func(t *testing.T) { conformance(t, address) })
	}
}

// conformance is what every kind of bucket does.
func conformance(t *testing.T, address string) {
	t.Run("driver", func(t *testing.T) { driver(t, address) })
	t.Run("store", func(t *testing.T) { store(t, address) })
}

func driver(t *testing.T, address string) {
	b, err := buckets.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	large := bytes.Repeat([]byte("weights"), 1<<20) // more than one part of an upload
	files := map[string][]byte{"d/a b.ubj": []byte("one"), "d/é+%#?.bin": large, "d/sub/c": []byte("c"), "d2": nil}
	for key, data := range files {
		if err := b.Write(t.Context(), key, "application/octet-stream", bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		info, err := b.Stat(t.Context(), key)
		if err != nil || info.Size != int64(len(data)) || info.ETag == "" && info.Modified.IsZero() {
			t.Errorf("%s: %+v, error %v", key, info, err)
		}
		if got := read(t, b, key); !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, want %d", key, len(got), len(data))
		}
	}
	var listed []string
	err = b.List(t.Context(), "d/", func(key string) bool { listed = append(listed, key); return true })
	if slices.Sort(listed); err != nil || !slices.Equal(listed, []string{"d/a b.ubj", "d/sub/", "d/é+%#?.bin"}) {
		t.Errorf("listed %q, error %v", listed, err)
	}
	before, _ := b.Stat(t.Context(), "d/a b.ubj")
	if err := b.Write(t.Context(), "d/a b.ubj", "", strings.NewReader("two")); err != nil {
		t.Error(err)
	}
	if after, err := b.Stat(t.Context(), "d/a b.ubj"); err != nil || after == before {
		t.Errorf("what has changed looks the same: %+v, error %v", after, err)
	}
	absent(t, b, "d/none")
	broken(t, b)
	for key := range files {
		if err := b.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		absent(t, b, key)
		if err := b.Delete(t.Context(), key); err != nil {
			t.Errorf("again: %v", err)
		}
	}
}

func read(t *testing.T, b artifact.Bucket, key string) []byte {
	t.Helper()
	r, err := b.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return data
}

func absent(t *testing.T, b artifact.Bucket, key string) {
	t.Helper()
	if _, err := b.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: error %v", key, err)
	}
	if _, err := b.Read(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: error %v", key, err)
	}
}

// broken: an upload that fails or is canceled leaves nothing.
func broken(t *testing.T, b artifact.Bucket) {
	part := bytes.Repeat([]byte("x"), 6<<20)
	failing := io.MultiReader(bytes.NewReader(part), bytes.NewReader(part), &failed{})
	if err := b.Write(t.Context(), "broken", "", failing); !errors.Is(err, errFailed) {
		t.Errorf("error %v", err)
	}
	absent(t, b, "broken")
	if err := b.Write(t.Context(), "at once", "", failed{}); !errors.Is(err, errFailed) {
		t.Errorf("error %v", err)
	}
	absent(t, b, "at once")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Write(ctx, "canceled", "", strings.NewReader("x")); err == nil {
		t.Error("a canceled upload is none that fails")
	}
	absent(t, b, "canceled")
}

var errFailed = errors.New("the disk has failed")

type failed struct{}

func (failed) Read([]byte) (int, error) { return 0, errFailed }

// A register is a registry of one model.
type register struct{ e artifact.Entry }

func (r *register) Put(_ context.Context, e []artifact.Entry, _ ...string) error {
	r.e = e[0]
	return nil
}
func (r *register) Find(context.Context, artifact.Ref) (artifact.Entry, error) { return r.e, nil }
func (r *register) Close() error                                               { return nil }

// store pushes a model and opens it by every form of get_model.
func store(t *testing.T, address string) {
	dir := t.TempDir()
	file := filepath.Join(dir, "model.ubj")
	if err := os.WriteFile(file, []byte("model"), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	at := func(path string) string {
		v := *u
		v.Path = "/" + path
		return v.String()
	}
	reg := &register{}
	s := &artifact.Store{Dial: buckets.Dial, Cache: &artifact.Cache{Dir: filepath.Join(dir, "cache")}, Registry: func(context.Context) (artifact.Registry, error) { return reg, nil }}
	defer s.Close()
	e, err := s.Push(t.Context(), at("root"), reg, artifact.Push{Key: "m", File: file, Texts: map[string][]byte{"note": []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	below := "root/default/m/" + e.Tree + "/0/"
	for _, path := range []string{"store://models/m", at(below), at(below + "model_spec.yaml"), at(below + "model.ubj")} {
		a, err := s.Open(t.Context(), artifact.Request{Path: path, Suffix: ".ubj"})
		if err != nil {
			t.Error(err)
			continue
		}
		if text, err := os.ReadFile(a.File); err != nil || string(text) != "model" {
			t.Errorf("%s: %q, error %v", path, text, err)
		}
	}
	_, err = s.Open(t.Context(), artifact.Request{Path: at("root/none.ubj"), Suffix: ".ubj"})
	if err == nil || !strings.HasSuffix(err.Error(), "/root/none.ubj: it is not there") {
		t.Errorf("error %v", err)
	}
}

func TestNoDriver(t *testing.T) {
	for address, want := range map[string]string{
		"mem://bucket": "this program has no driver for mem://", "gs://bucket?nonsense=1": "and not nonsense", "gs://bucket?anonymous=x": "anonymous=true",
	} {
		if _, err := buckets.Dial(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", address, err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
	b, err := buckets.Dial(t.Context(), "s3://bucket?endpoint=http://127.0.0.1:1&region=x")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Stat(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
	if _, err := buckets.Dial(t.Context(), "s3://bucket?nonsense=1"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("error %v", err)
	}
}

// TestForbidden: what may not be read is not the same as what is not there.
func TestForbidden(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer srv.Close()
	b, err := buckets.Dial(t.Context(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Stat(t.Context(), "k"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v", err)
	}
}
