package python

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSources has every file of the program in the binary.
func TestSources(t *testing.T) {
	var want []string
	err := filepath.WalkDir("worker", func(name string, d fs.DirEntry, err error) error {
		name = filepath.ToSlash(name)
		if err == nil && !d.IsDir() && filepath.Ext(name) == ".py" && !strings.HasPrefix(name, "worker/tests/") {
			want = append(want, strings.TrimPrefix(name, "worker/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.name)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestInstall has several processes install the program at once, and one find
// that somebody has changed it.
func TestInstall(t *testing.T) {
	base := filepath.Join(t.TempDir(), "cache")
	var installs sync.WaitGroup
	dirs := make([]string, 8)
	for i := range dirs {
		installs.Go(func() {
			var err error
			if dirs[i], err = install(base); err != nil {
				t.Error(err)
			}
		})
	}
	installs.Wait()
	files, err := sources()
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, dir := range dirs {
		if dir != dirs[0] || !intact(dir, files) {
			t.Errorf("%s is not intact", dir)
		}
	}
	main := filepath.Join(dirs[0], "leat_worker", "__main__.py")
	if err := os.WriteFile(main, []byte("print('other')\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if dir, err := install(base); err != nil || dir != dirs[0] || !intact(dir, files) {
		t.Errorf("after a change: %s, error %v", dir, err)
	}
	entries, err := os.ReadDir(base)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
	if err := os.Chmod(base, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dirs[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := install(base); err == nil {
		t.Error("installed where everybody can write")
	}
}
