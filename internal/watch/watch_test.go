package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/internal/filestate"
	"github.com/leat-ml/leat/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// watched runs Run until the test ends. The channel has what the file said when
// a change was told.
func watched(t *testing.T, o Options, read string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan string, 100)
	o.Quiet = max(o.Quiet, 20*time.Millisecond)
	o.Since = filestate.Look(o.Paths().Files...)
	var wg sync.WaitGroup
	wg.Go(func() {
		Run(ctx, o, func() {
			text, err := os.ReadFile(read)
			if err != nil {
				text = []byte("gone")
			}
			told <- string(text)
		})
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return told
}

// hear waits until a change is told after which the file says want.
func hear(t *testing.T, told <-chan string, want string) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		select {
		case got := <-told:
			if got == want {
				return
			}
		case <-late:
			t.Fatalf("no change to %q was told", want)
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// never makes no notifications, as systems do not that have used theirs up.
func never(Paths) (notifier, error) { return nil, errors.New("no space left on device") }

// TestRun tells of the ways in which files change, heard of and looked for.
func TestRun(t *testing.T) {
	for name, o := range map[string]Options{
		"notified": {Poll: time.Hour, Recheck: time.Hour},
		"polled":   {Poll: 20 * time.Millisecond, Recheck: time.Hour, notify: never},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "conf", "server.yaml")
			put(t, file, "1")
			o.Paths = func() Paths { return Paths{Files: []string{file}} }
			told := watched(t, o, file)
			time.Sleep(20 * time.Millisecond) // more than a step of the clock of files, or "2" is as "1" was
			put(t, file, "2")
			hear(t, told, "2")
			put(t, file+".new", "3")
			if err := os.Rename(file+".new", file); err != nil { // as editors do
				t.Fatal(err)
			}
			hear(t, told, "3")
			if err := os.RemoveAll(filepath.Dir(file)); err != nil {
				t.Fatal(err)
			}
			hear(t, told, "gone")
			put(t, file, "4")
			hear(t, told, "4")
		})
	}
}

// TestLinks follows links that are turned, as Kubernetes does with the files of
// a ConfigMap.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "..2026_01", "server.yaml"), "1")
	put(t, filepath.Join(dir, "..2026_02", "server.yaml"), "2")
	file := filepath.Join(dir, "server.yaml")
	if err := errors.Join(os.Symlink("..2026_01", filepath.Join(dir, "..data")), os.Symlink("..data/server.yaml", file)); err != nil {
		t.Fatal(err)
	}
	told := watched(t, Options{Poll: time.Hour, Recheck: time.Hour, Paths: func() Paths { return Paths{Files: []string{file}} }}, file)
	for _, to := range []struct{ folder, text string }{{"..2026_02", "2"}, {"..2026_01", "1"}} {
		if err := errors.Join(os.Symlink(to.folder, filepath.Join(dir, "..tmp")), os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data"))); err != nil {
			t.Fatal(err)
		}
		hear(t, told, to.text)
	}
}

// TestLinkAbove follows a link above the folder.
func TestLinkAbove(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "v1", "models", "server.yaml"), "1")
	put(t, filepath.Join(dir, "v2", "models", "server.yaml"), "2")
	now := filepath.Join(dir, "now")
	if err := os.Symlink("v1", now); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(now, "models", "server.yaml")
	told := watched(t, Options{Poll: time.Hour, Recheck: time.Hour, Paths: func() Paths { return Paths{Files: []string{file}} }}, file)
	if err := errors.Join(os.Symlink("v2", now+".new"), os.Rename(now+".new", now)); err != nil {
		t.Fatal(err)
	}
	hear(t, told, "2")
}

// TestAppears finds what Paths names later, in folders that were not there.
func TestAppears(t *testing.T) {
	dir := t.TempDir()
	o := Options{Poll: time.Hour, Recheck: time.Hour, Paths: func() Paths {
		found, _ := filepath.Glob(filepath.Join(dir, "*", "*", "model"))
		return Paths{Files: found, Trees: []string{dir}}
	}}
	model := filepath.Join(dir, "m", "1", "model")
	told := watched(t, o, model)
	put(t, model, "1")
	hear(t, told, "1")
}

// maker makes the next of its folders when somebody begins to listen to one.
type maker struct {
	makes []string
	heard map[string]bool
}

func (m *maker) Add(dir string) error {
	m.heard[dir] = true
	if len(m.makes) == 0 {
		return nil
	}
	next := m.makes[0]
	m.makes = m.makes[1:]
	return os.Mkdir(next, 0o700)
}

// TestMadeMeanwhile listens to folders that are made while it begins to listen: what
// is put into them is not heard of in those above.
func TestMadeMeanwhile(t *testing.T) {
	dir := t.TempDir()
	conf, tree := filepath.Join(dir, "conf"), filepath.Join(dir, "tree")
	for name, p := range map[string]struct {
		paths Paths
		makes []string
	}{
		"of a file": {Paths{Files: []string{filepath.Join(conf, "server.yaml")}}, []string{conf}},
		"below":     {Paths{Trees: []string{dir}}, []string{tree, filepath.Join(tree, "m"), filepath.Join(tree, "m", "1")}},
	} {
		m := &maker{makes: p.makes, heard: map[string]bool{}}
		if err := listenTo(m, p.paths); err != nil {
			t.Fatal(err)
		}
		for _, want := range p.makes {
			if !m.heard[want] {
				t.Errorf("%s: listens to %v, not to %s", name, m.heard, want)
			}
		}
	}
}

// TestSettles waits until a file has been written, and tells nothing of what
// does not count.
func TestSettles(t *testing.T) {
	for quiet := 300 * time.Millisecond; !settles(t, quiet); quiet *= 2 { // it was not written within that time
	}
}

// settles says whether the file was written soon enough to tell.
func settles(t *testing.T, quiet time.Duration) bool {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "model")
	put(t, file, "")
	begin := time.Now()
	told := watched(t, Options{Quiet: quiet, Poll: time.Hour, Recheck: time.Hour, Paths: func() Paths { return Paths{Files: []string{file}} }}, file)
	put(t, filepath.Join(dir, "log"), "x")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := f.WriteString("x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	soon := time.Since(begin) < quiet/2
	hear(t, told, "xxxxxxxxxx")
	select {
	case got := <-told:
		if soon {
			t.Errorf("a change was told without one: %q", got)
		}
	case <-time.After(2 * quiet):
	}
	return soon
}

// TestSince tells of what changed before it began.
func TestSince(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.yaml")
	put(t, file, "1")
	since := filestate.Look(file)
	put(t, file, "22")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := false
	Run(ctx, Options{Since: since, Paths: func() Paths { return Paths{Files: []string{file}} }}, func() { told = true; cancel() })
	if !told {
		t.Error("nothing was told")
	}
}

// TestFolders listens to where changes can come from, and not to more.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	real, _ := filepath.EvalSymlinks(dir)
	for _, path := range []string{"a/b/file", "a/.hidden/x", "else/where", "elsewhere/deep/x"} {
		put(t, filepath.Join(real, path), "")
	}
	if err := os.Symlink("../else/where", filepath.Join(real, "a", "link")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink("loop", filepath.Join(real, "else", "loop")), os.Symlink("elsewhere", filepath.Join(real, "way"))); err != nil {
		t.Fatal(err)
	}
	got := folders(Paths{
		Trees: []string{real + "/a"}, Folders: []string{real + "/elsewhere"},
		Files: []string{real + "/a/link", real + "/none/there/x", real + "/a/b/file", real + "/way/deep/x", real + "/else/loop"},
	})
	for _, want := range []string{"/a", "/a/b", "/else", "/elsewhere", "/elsewhere/deep", "/way/deep", ""} {
		if !got[real+want] {
			t.Errorf("not %q", want)
		}
		delete(got, real+want)
	}
	if len(got) > 0 {
		t.Errorf("besides %v", got)
	}
}
