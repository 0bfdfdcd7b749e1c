package artifact

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
)

func TestMain(m *testing.M) {
	leaktest.Main(m)
}

func mustOpen(t *testing.T, s *Store, path string) *serve.Artifact {
	t.Helper()
	a, err := s.Open(t.Context(), Request{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestCached: what has not changed is not brought again, and what has changed is.
func TestCached(t *testing.T) {
	w := newWorld(t, map[string]string{"m.ubj": "one"})
	dir := filepath.Join(t.TempDir(), "cache")
	first := mustOpen(t, newStore(t, dir), w.at("m.ubj"))
	again := mustOpen(t, newStore(t, dir), w.at("m.ubj"))
	if first.File != again.File || w.read.Load() != 1 {
		t.Errorf("%s, then %s, read %d times", first.File, again.File, w.read.Load())
	}
	w.put("m.ubj", "two")
	next := mustOpen(t, newStore(t, dir), w.at("m.ubj"))
	if content(t, next.File) != "two" || content(t, first.File) != "one" || w.read.Load() != 2 {
		t.Errorf("%s has %s; read %d times", next.File, content(t, next.File), w.read.Load())
	}
	w.put("other.ubj", "two") // the same content under another name
	if other := mustOpen(t, newStore(t, dir), w.at("other.ubj")); filepath.Base(other.File) != "other.ubj" {
		t.Errorf("file %s", other.File)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "*"))
	if err != nil || len(blobs) != 2 {
		t.Errorf("blobs %v", blobs)
	}
}

// TestOffline: a file whose checksum is known is used without asking, and one whose
// checksum nobody knows is not.
func TestOffline(t *testing.T) {
	for _, sum := range []string{sha1Of("model"), sha256Of("model"), strings.ToUpper(sha256Of("model"))} {
		t.Run(sum[:8], func(t *testing.T) {
			w := newWorld(t, map[string]string{"m.ubj": "model"})
			spec := filepath.Join(write(t, map[string]string{"model_spec.yaml": fmt.Sprintf("metadata: {hash: '%s'}\nspec: {model_file: '%s'}", sum, w.at("m.ubj"))}), specName)
			dir := filepath.Join(t.TempDir(), "cache")
			w.cut.Store(true)
			_, err := newStore(t, dir).Open(t.Context(), Request{Path: spec})
			wants(t, err, "no route to host")
			w.cut.Store(false)
			mustOpen(t, newStore(t, dir), spec)
			mustOpen(t, newStore(t, dir), w.at("m.ubj"))
			w.cut.Store(true)
			asked := w.asked.Load()
			if a := mustOpen(t, newStore(t, dir), spec); content(t, a.File) != "model" || w.asked.Load() != asked {
				t.Errorf("%s, asked %d times", a.File, w.asked.Load()-asked)
			}
			_, err = newStore(t, dir).Open(t.Context(), Request{Path: w.at("m.ubj")})
			wants(t, err, "no route to host")
		})
	}
}

// TestDamaged: what somebody has changed in the cache is brought again.
func TestDamaged(t *testing.T) {
	w := newWorld(t, map[string]string{"m.ubj": "model"})
	dir := filepath.Join(t.TempDir(), "cache")
	a := mustOpen(t, newStore(t, dir), w.at("m.ubj"))
	damage := func(path string) {
		_ = os.Chmod(path, 0o600) // it may be gone
		if err := os.WriteFile(path, []byte("evil!"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damage(a.File) // the blob is the same file
	if a = mustOpen(t, newStore(t, dir), w.at("m.ubj")); content(t, a.File) != "model" || w.read.Load() != 2 {
		t.Errorf("%q, read %d times", content(t, a.File), w.read.Load())
	}
	if err := os.Remove(a.File); err != nil {
		t.Fatal(err)
	}
	damage(a.File) // another file than the blob
	if a = mustOpen(t, newStore(t, dir), w.at("m.ubj")); content(t, a.File) != "model" || w.read.Load() != 2 {
		t.Errorf("%q, read %d times", content(t, a.File), w.read.Load())
	}
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestTogether: stores that share a cache, as those of several processes do, bring
// a file once and find one whole folder.
func TestTogether(t *testing.T) {
	text := strings.Repeat("weights", 1<<16)
	w := newWorld(t, map[string]string{"d/m.onnx": "graph", "d/w1": text, "d/w2": text + "2", "d/w3": text + "3"})
	dir := filepath.Join(t.TempDir(), "cache")
	var all sync.WaitGroup
	for range 4 {
		s := newStore(t, dir)
		for range 4 {
			all.Go(func() {
				a, err := s.Open(t.Context(), Request{Path: w.at("d"), Suffix: ".onnx"})
				if err != nil || content(t, a.Extra["w3"]) != text+"3" {
					t.Errorf("error %v", err)
				}
			})
		}
	}
	all.Wait()
	if n := w.read.Load(); n != 4 {
		t.Errorf("read %d times, 4 files", n)
	}
}

// TestBroken: downloads that end too soon, stand still or have another checksum
// leave nothing behind.
func TestBroken(t *testing.T) {
	w := newWorld(t, map[string]string{"m.ubj": "model"})
	dir := filepath.Join(t.TempDir(), "cache")
	s := newStore(t, dir)
	w.half.Store(true)
	_, err := s.Open(t.Context(), Request{Path: w.at("m.ubj")})
	wants(t, err, "m.ubj: 2 bytes came of 5")
	w.half.Store(false)
	w.jam.Store(true)
	s.Cache.patient = 50 * time.Millisecond
	_, err = s.Open(t.Context(), Request{Path: w.at("m.ubj")})
	wants(t, err, "m.ubj: nothing has come for 50ms")
	ctx, cancel := context.WithCancel(t.Context())
	s.Cache.patient = time.Hour
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err = s.Open(ctx, Request{Path: w.at("m.ubj")})
	wants(t, err, "context canceled")
	w.jam.Store(false)
	spec := filepath.Join(write(t, map[string]string{"model_spec.yaml": "metadata: {hash: " + sha1Of("x") + "}\nspec: {model_file: '" + w.at("m.ubj") + "'}"}), specName)
	_, err = s.Open(t.Context(), Request{Path: spec})
	wants(t, err, "the file has the checksum sha1:")
	for _, name := range []string{"blobs", "tmp", "views"} {
		if left, err := filepath.Glob(filepath.Join(dir, name, "*")); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if got := content(t, mustOpen(t, s, w.at("m.ubj")).File); got != "model" {
		t.Errorf("afterwards %q", got)
	}
}

// TestTrim: what was not used for longest goes, and nothing that is in use.
func TestTrim(t *testing.T) {
	w := newWorld(t, nil)
	names := []string{"a", "b", "c", "d"}
	for i, name := range names {
		w.put(name, strings.Repeat(name, 1000+i))
	}
	dir := filepath.Join(t.TempDir(), "cache")
	files := map[string]string{}
	age := func(name string, by time.Duration) {
		at := time.Now().Add(-by)
		view := filepath.Dir(files[name])
		if err := errors.Join(os.Chtimes(files[name], at, at), os.Chtimes(view+".lock", at, at)); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range names[:3] {
		s := newStore(t, dir)
		files[name] = mustOpen(t, s, w.at(name)).File
		age(name, time.Duration(3-i)*time.Hour)
		if name == "a" {
			continue // stays open
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := newStore(t, dir)
	s.Cache.MaxBytes = 3500
	files["d"] = mustOpen(t, s, w.at("d")).File
	for name, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if _, err := os.Stat(files[name]); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", name, err == nil, want)
		}
	}
	if n := s.Cache.blobBytes(); n > 3500 {
		t.Errorf("%d bytes", n)
	}
	if got := content(t, mustOpen(t, s, w.at("b")).File); got != strings.Repeat("b", 1001) {
		t.Errorf("brought again: %d bytes", len(got))
	}
}

// TestTrimLeavesWhatIsBrought: the first files of an artifact stay while the others
// are brought, however little room there is, and whoever else brings something. In the end there is not more than there may be.
func TestTrimLeavesWhatIsBrought(t *testing.T) {
	w := newWorld(t, map[string]string{})
	for i, name := range []string{"a", "b", "c", "other"} {
		w.put(name, strings.Repeat(name, 1000+i))
	}
	dir := filepath.Join(t.TempDir(), "cache")
	w.before = func(key string) {
		if key == "c" {
			other := newStore(t, dir)
			other.Cache.MaxBytes = 1
			mustOpen(t, other, w.at("other"))
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	s := newStore(t, dir)
	s.Cache.MaxBytes = 1
	var files []wanted
	for _, name := range []string{"a", "b", "c"} {
		l, err := parseLocation(w.at(name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, wanted{name: name, at: l})
	}
	got, err := s.bring(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if text := content(t, got.join(f.name)); text != w.files[f.name] {
			t.Errorf("%s has %q", f.name, text)
		}
	}
	if n := s.Cache.blobBytes(); n != 1000+1001+1002 {
		t.Errorf("%d bytes are kept, of which 3003 are in use", n)
	}
}

// TestNoRoom: a folder that cannot be written is told of, and nothing is lost.
func TestNoRoom(t *testing.T) {
	w := newWorld(t, map[string]string{"m.ubj": "model"})
	dir := filepath.Join(write(t, map[string]string{"file": "x"}), "file", "cache")
	_, err := newStore(t, dir).Open(t.Context(), Request{Path: w.at("m.ubj")})
	wants(t, err, "make the cache: ", "not a directory")
	s := newStore(t, "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Open(t.Context(), Request{Path: w.at("m.ubj")})
	wants(t, err, "file already closed")
}
