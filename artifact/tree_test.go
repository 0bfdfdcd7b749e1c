package artifact

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTree(t *testing.T) {
	w := newWorld(t, map[string]string{
		"models/iris.ubj": "iris", "models/fraud/1/m.txt": "one", "models/fraud/2/m.txt": "two", "models/fraud/model.yaml": "y",
		"file.ubj": "model",
	})
	s := newStore(t, "")
	dir, err := s.Tree(t.Context(), w.at("models"), "")
	if err != nil || filepath.Base(dir) != "models" {
		t.Fatalf("brought %s, error %v", dir, err)
	}
	want := []string{"fraud/1/m.txt", "fraud/2/m.txt", "fraud/model.yaml", "iris.ubj"}
	if got := filesBelow(t, dir); !slices.Equal(got, want) {
		t.Errorf("brought %q, want %q", got, want)
	}
	if got := content(t, filepath.Join(dir, "fraud", "2", "m.txt")); got != "two" {
		t.Errorf("a file has %q", got)
	}
	if again, err := s.Tree(t.Context(), w.at("models/"), ""); err != nil || again != dir {
		t.Errorf("nothing has changed, and it is at %s, error %v", again, err)
	}
	w.put("models/fraud/3/m.txt", "three")
	if changed, err := s.Tree(t.Context(), w.at("models"), ""); err != nil || content(t, filepath.Join(changed, "fraud", "3", "m.txt")) != "three" {
		t.Errorf("what is new is not in %s, error %v", changed, err)
	}
	if file, err := s.Tree(t.Context(), w.at("file.ubj"), ""); err != nil || filepath.Base(file) != "file.ubj" || content(t, file) != "model" {
		t.Errorf("brought %s, error %v", file, err)
	}
	if all, err := s.Tree(t.Context(), "gs://"+w.name, ""); err != nil || content(t, filepath.Join(all, "models", "iris.ubj")) != "iris" {
		t.Errorf("brought %s, error %v", all, err)
	}
	here := t.TempDir()
	if got, err := s.Tree(t.Context(), "file://"+here, ""); err != nil || got != here {
		t.Errorf("a folder of this machine is at %s, error %v", got, err)
	}
}

func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTreeErrors(t *testing.T) {
	w := newWorld(t, map[string]string{"deep/" + strings.Repeat("d/", maxDepth+1) + "m.ubj": "m"})
	for n := range maxFiles + 1 {
		w.put(fmt.Sprintf("many/%d/m.ubj", n), "m")
	}
	s := newStore(t, "")
	for address, want := range map[string]string{
		w.at("none"):              "neither a file nor a folder",
		w.at("deep"):              "more than 16 deep",
		w.at("many"):              "more than 10000 files",
		"https://models.example/": "write the URL of a file",
		"ftp://host/models":       "ftp:// is not supported",
		"store://models/p/none":   "no registry",
	} {
		if _, err := s.Tree(t.Context(), address, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
	}
	without := &Store{Dial: dial}
	if _, err := without.Tree(t.Context(), w.at("deep"), ""); err == nil || !strings.Contains(err.Error(), "brings no models here") {
		t.Errorf("without a cache: error %v", err)
	}
}
