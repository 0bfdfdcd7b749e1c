package leat_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/runtime/trees"
)

// A shelf is a bucket that is a folder.
type shelf string

func (s shelf) at(key string) string { return filepath.Join(string(s), filepath.FromSlash(key)) }

func (s shelf) Stat(_ context.Context, key string) (artifact.Info, error) {
	info, err := os.Stat(s.at(key))
	if err != nil {
		return artifact.Info{}, err
	}
	if info.IsDir() {
		return artifact.Info{}, os.ErrNotExist
	}
	return artifact.Info{Size: info.Size(), Modified: info.ModTime()}, nil
}

func (s shelf) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	if _, err := s.Stat(ctx, key); err != nil {
		return nil, err
	}
	return os.Open(s.at(key))
}

func (s shelf) List(_ context.Context, prefix string, tell func(string) bool) error {
	entries, err := os.ReadDir(s.at(prefix))
	for _, e := range entries {
		name := prefix + e.Name()
		if e.IsDir() {
			name += "/"
		}
		tell(name)
	}
	return err
}

func (shelf) Write(context.Context, string, string, io.Reader) error { return errors.ErrUnsupported }
func (shelf) Delete(context.Context, string) error                   { return errors.ErrUnsupported }
func (shelf) Close() error                                           { return nil }

// TestArtifactsOfProgram: a program that gives a store of artifacts has models from
// elsewhere, one by its path and a whole repository, and a reload has what is new there.
func TestArtifactsOfProgram(t *testing.T) {
	bucket := shelf(t.TempDir())
	put := func(key, from string) {
		t.Helper()
		raw, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(bucket.at(key)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(bucket.at(key), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("repository/first.ubj", "examples/quickstart/diabetes.ubj")
	put("repository/deep/1/model.ubj", "examples/quickstart/diabetes.ubj")
	put("alone.ubj", "examples/quickstart/diabetes.ubj")
	store := &artifact.Store{
		Cache: &artifact.Cache{Dir: t.TempDir()},
		Dial:  func(context.Context, string) (artifact.Bucket, error) { return bucket, nil },
	}
	defer store.Close()
	set := catalog.Default.Clone()
	trees.Register(set)
	spec := &graph.Spec{Models: "gs://bucket/repository", LoadMode: "sync"}
	srv, err := leat.New(spec, &leat.Options{Catalog: set, Artifacts: store})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer srv.Close(context.Background())
	answers(t, srv, "first", "deep")
	put("repository/second.ubj", "examples/quickstart/diabetes.ubj")
	if err := srv.Reload(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	answers(t, srv, "first", "deep", "second")

	router := graph.NewRouter().AddModel("m", "XGBoostModelServer", "gs://bucket/alone.ubj", nil)
	one, err := leat.New(router, &leat.Options{Catalog: set, Artifacts: store})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer one.Close(context.Background())
	answers(t, one, "m")
}

func answers(t *testing.T, srv *leat.Server, models ...string) {
	t.Helper()
	for _, name := range models {
		w := httptest.NewRecorder()
		body := strings.NewReader(`{"inputs": [[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]]}`)
		srv.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/v2/models/"+name+"/infer", body))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "outputs") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// TestNoArtifactsOfProgram: without a store, what is elsewhere is an error that says so.
func TestNoArtifactsOfProgram(t *testing.T) {
	_, err := leat.New(&graph.Spec{Models: "s3://bucket/repository"}, &leat.Options{Catalog: catalog.Default.Clone()})
	if err == nil || !strings.Contains(err.Error(), "brings no models here") {
		t.Errorf("error %v", err)
	}
}
