package file

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/stream/driver"
)

// A place is a Folder that says how often it was claimed.
type place struct {
	path   string
	claims int
	err    error
}

func (p *place) Path() string { return p.path }

func (p *place) Claim() error {
	p.claims++
	return p.err
}

func TestPaths(t *testing.T) {
	in := &place{path: "/data/streams"}
	for _, tt := range []struct {
		url    string
		path   string
		inside bool
		err    string
	}{
		{url: "file:///a/b.jsonl", path: "/a/b.jsonl"},
		{url: "file:/a/b.jsonl", path: "/a/b.jsonl"},
		{url: "file://localhost/a/../b", path: "/b"},
		{url: "file:///a%20b", path: "/a b"},
		{url: "file:b.jsonl", path: "/data/streams/b.jsonl", inside: true},
		{url: "file:a/b.jsonl?sync=none", path: "/data/streams/a/b.jsonl", inside: true},
		{url: "file:./a/../b.jsonl", path: "/data/streams/b.jsonl", inside: true},
		{url: "file:a%20b", path: "/data/streams/a b", inside: true},
		{url: "file:../b.jsonl", err: "leads out of the data folder"},
		{url: "file:a/../../b.jsonl", err: "leads out of the data folder"},
		{url: "file:%2e%2e/b.jsonl", err: "leads out of the data folder"},
		{url: "file:%2Fetc/passwd", err: "leads out of the data folder"},
		{url: "file:a/..", err: "needs the file's path"},
		{url: "file:a/", err: "needs the file's path"},
		{url: "file:.", err: "needs the file's path"},
		{url: "file:///a/", err: "needs the file's path"},
		{url: "file:", err: "needs the file's path"},
		{url: "file:a%zz", err: "invalid URL escape"},
		{url: "file://a/b.jsonl", err: "file:a/b.jsonl for a file in the data folder"},
		{url: "file:a?sync=sometimes", err: "option sync"},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		c, err := (&Files{Folder: in}).configOf(driver.Source{URL: u})
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %q", tt.url, err, tt.err)
			}
		case err != nil || c.path != tt.path || (c.folder != nil) != tt.inside:
			t.Errorf("%s is %s, inside %t, %v", tt.url, c.path, c.folder != nil, err)
		}
	}
	u := &url.URL{Scheme: "file", Opaque: "a"}
	if _, err := new(Files).configOf(driver.Source{URL: u}); err == nil || !strings.Contains(err.Error(), "no data folder") {
		t.Errorf("without a folder: %v", err)
	}
	if in.claims > 0 {
		t.Error("the folder was claimed for nothing")
	}
}

// TestFolder claims the folder before anything is made there, and makes nothing
// where that fails.
func TestFolder(t *testing.T) {
	in := &place{path: filepath.Join(t.TempDir(), "streams"), err: errors.New("somebody has it")}
	fs := &Files{Folder: in}
	s, _, err := fs.Open(context.Background(), driver.Source{URL: &url.URL{Scheme: "file", Opaque: "a/b.jsonl"}})
	if err != nil {
		t.Fatal(err)
	}
	batch := []*driver.Message{{Body: []byte("1")}}
	if err := s.Publish(t.Context(), batch); !errors.Is(err, in.err) {
		t.Errorf("published although %v: %v", in.err, err)
	}
	if _, err := os.Stat(in.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
	in.err = nil
	if err := s.Publish(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(in.path, "a", "b.jsonl")); string(got) != "1\n" {
		t.Errorf("the stream is %q, %v", got, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// FuzzPaths wants every path of a URL without a leading slash to be within the
// folder, and below it.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{"a", "../a", "a/../../b", "%2e%2e/a", "a%2f..%2f..%2fb", "./.", "a/./b/", "\x00", "a%00b", "..a", "~/a"} {
		f.Add(seed)
	}
	fs := &Files{Folder: &place{path: "/data/streams"}}
	f.Fuzz(func(t *testing.T, opaque string) {
		path, in, err := fs.within(opaque)
		if err != nil {
			return
		}
		if in == nil || filepath.Clean(path) != path || !strings.HasPrefix(path, "/data/streams/") {
			t.Errorf("%q is %q", opaque, path)
		}
	})
}
