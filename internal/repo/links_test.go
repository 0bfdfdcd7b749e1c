package repo

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScanLinks(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"a mounted ConfigMap", map[string]string{
			"..2024_06_01/churn.fake": good, "..2024_06_01/notes.txt": "x", "..data": "-> ..2024_06_01",
			"churn.fake": "-> ..data/churn.fake", "notes.txt": "-> ..data/notes.txt"}, `
churn (churn.fake)
  1* fake churn.fake`},
		{"a mounted ConfigMap as a model's folder", map[string]string{
			"m/..2024_06_01/model.yaml": "default: 1", "m/..2024_06_01/x.fake": good, "m/..data": "-> ..2024_06_01",
			"m/model.yaml": "-> ..data/model.yaml", "m/x.fake": "-> ..data/x.fake"}, `
m (m)
  1* fake m/x.fake`},
		{"a mounted MLRun folder", map[string]string{
			"m/..1/model_spec.yaml": "spec: {model_file: x.fake}", "m/..1/x.fake": good, "m/..data": "-> ..1",
			"m/model_spec.yaml": "-> ..data/model_spec.yaml", "m/x.fake": "-> ..data/x.fake"}, `
m (m)
  1* fake m`},
		{"a current version", map[string]string{"m/7/x": good, "m/latest": "-> 7"}, `
m (m)
  7* fake m/7/x`},
		{"folders and versions elsewhere", map[string]string{".store/a/1/x": good, ".store/v/x": other, "a": "-> .store/a", "b/1": "-> ../.store/v"}, `
a (a)
  1* fake a/1/x
b (b)
  1* other b/1/x`},
		{"links to themselves and to what holds them", map[string]string{
			"loop": "-> loop", "ping.fake": "-> pong.fake", "pong.fake": "-> ping.fake", "self": "-> .", "m/1/x": good, "m/up": "-> ..", "m/2": "-> ."}, `
loop (loop): the link leads nowhere: too many levels of symbolic links
m (m)
  1 fake m/1/x
  2*: folder m/2: there is no model in it that a runtime of this server knows (fake, other)
ping (ping.fake): the link leads nowhere: too many levels of symbolic links
pong (pong.fake): the link leads nowhere: too many levels of symbolic links`},
		{"links that lead nowhere", map[string]string{
			"a.fake": "-> /nowhere/a", "b": "-> /nowhere/b", "README.md": "-> /nowhere/c", "m/1/model.fake": "-> /nowhere/d", "ok.fake": good}, `
a (a.fake): the link leads nowhere: no such file or directory
b (b): the link leads nowhere: no such file or directory
m (m)
  1*: folder m/1: model.fake: the link leads nowhere: no such file or directory
ok (ok.fake)
  1* fake ok.fake`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := tree(t, c.files)
			if diff := cmp.Diff(strings.TrimSpace(c.want), strings.TrimSpace(found(root))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestScanLinkedRoot has a root that is a link; what it is called counts.
func TestScanLinkedRoot(t *testing.T) {
	root := tree(t, map[string]string{"real/1/x": good, "fraud": "-> real"})
	if got, want := found(filepath.Join(root, "fraud")), "fraud (.)\n  1* fake 1/x\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestScanWhatCannotBeRead has files that must not be opened or may not be.
func TestScanWhatCannotBeRead(t *testing.T) {
	root := tree(t, map[string]string{"ok.fake": good, "locked.fake": good, "notes": "x", "secret.txt": "x", "closed/1/x": good, "m/1/model.fake": good})
	if err := syscall.Mkfifo(filepath.Join(root, "pipe.fake"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "m", "model.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "m (m)\n  1* fake m/1/model.fake\nok (ok.fake)\n  1* fake ok.fake"
	if os.Getuid() == 0 { // may read everything
		want = "closed (closed)\n  1* fake closed/1/x\nlocked (locked.fake)\n  1* fake locked.fake\n" + want
	} else {
		for _, path := range []string{"locked.fake", "secret.txt", "closed"} {
			if err := os.Chmod(filepath.Join(root, path), 0); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(root, "closed"), 0o700) })
		want = "closed (closed): permission denied\nlocked (locked.fake): permission denied\n" + want
	}
	if diff := cmp.Diff(want, strings.TrimSpace(found(root))); diff != "" {
		t.Error(diff)
	}
}

// TestScanHugeFolders has folders with more in them than anyone serves. Only so
// much of them is looked at.
func TestScanHugeFolders(t *testing.T) {
	root := tree(t, map[string]string{"ok.fake": good, "data/": "", "m/1/": ""})
	for i := range maxFolder + 1 {
		for _, dir := range []string{"data", "m/1"} {
			if err := os.WriteFile(filepath.Join(root, dir, fmt.Sprintf("%05d.jpg", i)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := `
m (m)
  1*: folder m/1: there is no model in it among the first 1000 files
ok (ok.fake)
  1* fake ok.fake`
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(found(root))); diff != "" {
		t.Error(diff)
	}
}

// TestScanStops has more entries than a scan looks at.
func TestScanStops(t *testing.T) {
	root := tree(t, map[string]string{"a/1/x": good, "b/1/x": good, "c/1/x": good})
	set, _ := fakes()
	s := &scanner{root: root, dir: root, set: set, left: 6}
	if _, err := s.repository(""); err != nil || !s.full {
		t.Errorf("full is %v, error %v: want to be told that there is more", s.full, err)
	}
	if s.left != 0 {
		t.Errorf("%d entries left, want none", s.left)
	}
}

// TestScanReadsLittle has a file of which no more than the head may be read.
func TestScanReadsLittle(t *testing.T) {
	root := tree(t, map[string]string{"big.fake": good})
	const size = 1 << 40 // sparse
	if err := os.Truncate(filepath.Join(root, "big.fake"), size); err != nil {
		t.Skip("the file system has no sparse files of this size: ", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if got, want := found(root), "big (big.fake)\n  1* fake big.fake\n"; got != want {
		t.Errorf("got %s", got)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}
