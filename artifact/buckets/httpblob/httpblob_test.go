package httpblob_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	_ "github.com/leat-ml/leat/artifact/buckets/httpblob"
)

func open(t *testing.T, address string) *blob.Bucket {
	t.Helper()
	b, err := blob.OpenBucket(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// TestRead: a file with its attributes, whole and in part; the user and the query
// go with each request.
func TestRead(t *testing.T) {
	changed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		asked = append(asked, fmt.Sprintf("%s %s %s:%s", r.Method, r.RequestURI, user, password))
		w.Header().Set("ETag", `"tag"`)
		http.ServeContent(w, r, "x.bin", changed, strings.NewReader("0123456789"))
	}))
	defer srv.Close()
	b := open(t, strings.Replace(srv.URL, "http://", "http://me:s3cret@", 1)+"?sig=a%2Bb")
	const key = "d/a b%é.bin"
	a, err := b.Attributes(t.Context(), key)
	if err != nil || a.Size != 10 || a.ETag != `"tag"` || !a.ModTime.Equal(changed) {
		t.Errorf("%+v, error %v", a, err)
	}
	if data, err := b.ReadAll(t.Context(), key); err != nil || string(data) != "0123456789" {
		t.Errorf("%q, error %v", data, err)
	}
	for want, at := range map[string][2]int64{"234": {2, 3}, "6789": {6, -1}} {
		r, err := b.NewRangeReader(t.Context(), key, at[0], at[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if _, err := r.WriteTo(&got); err != nil || got.String() != want {
			t.Errorf("%q, error %v; want %q", got.String(), err, want)
		}
		r.Close()
	}
	path := "/d/a%20b%25" + url.PathEscape("é") + ".bin?sig=a%2Bb me:s3cret"
	for i, method := range []string{"HEAD", "GET"} {
		if want := method + " " + path; asked[i] != want {
			t.Errorf("asked %q, want %q", asked[i], want)
		}
	}
}

// TestWithoutHead: a server that refuses HEAD is asked for the file.
func TestWithoutHead(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Length", "4")
		_, _ = w.Write([]byte("data"))
	}))
	defer srv.Close()
	if a, err := open(t, srv.URL).Attributes(t.Context(), "x"); err != nil || a.Size != 4 {
		t.Errorf("%+v, error %v", a, err)
	}
}

// TestFolder: the page of a folder is no file.
func TestFolder(t *testing.T) {
	srv := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(t.TempDir()))))
	defer srv.Close()
	_, err := open(t, srv.URL).Attributes(t.Context(), "001")
	if gcerrors.Code(err) != gcerrors.NotFound {
		t.Errorf("error %v", err)
	}
}

func TestErrors(t *testing.T) {
	status := http.StatusNotFound
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	b := open(t, srv.URL+"?sig=s3cret")
	for code, want := range map[int]gcerrors.ErrorCode{404: gcerrors.NotFound, 410: gcerrors.NotFound, 401: gcerrors.PermissionDenied, 403: gcerrors.PermissionDenied, 500: gcerrors.Unknown, 204: gcerrors.Unknown} {
		status = code
		_, err := b.ReadAll(t.Context(), "x")
		if gcerrors.Code(err) != want || !strings.Contains(err.Error(), fmt.Sprint(code)) {
			t.Errorf("status %d: code %v, error %v", code, gcerrors.Code(err), err)
		}
	}
	if err := b.WriteAll(t.Context(), "x", nil, nil); gcerrors.Code(err) != gcerrors.Unimplemented {
		t.Errorf("error %v", err)
	}
	if _, err := b.List(nil).Next(t.Context()); gcerrors.Code(err) != gcerrors.Unimplemented {
		t.Errorf("error %v", err)
	}
	if err := b.Delete(t.Context(), "x"); gcerrors.Code(err) != gcerrors.Unimplemented {
		t.Errorf("error %v", err)
	}
	srv.Close()
	if _, err := b.Attributes(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error %v", err)
	}
}
