package repo

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A folderModel is what a model's folder holds, in the test's own words:
// versions to what they answer, "" for one that does not load.
type folderModel struct {
	versions map[int]string
	broken   bool // model.yaml has a mistake
}

// A servedModel is what should be served.
type servedModel struct {
	folderModel
	unloaded bool
}

func (m *servedModel) answers() bool {
	return !m.unloaded && !m.broken && slices.ContainsFunc(slices.Collect(maps.Values(m.versions)), func(s string) bool { return s != "" })
}

func (m *folderModel) fails() bool {
	return m.broken || slices.Contains(slices.Collect(maps.Values(m.versions)), "")
}

func (m *folderModel) latest() int { return slices.Max(slices.Collect(maps.Keys(m.versions))) }

// harms says whether next fails where old did not.
func harms(old, next *folderModel) bool {
	if next.broken {
		return true
	}
	for v, text := range next.versions {
		if before, had := old.versions[v]; text == "" && (!had || before != "") {
			return true
		}
	}
	return next.versions[next.latest()] == "" && old.versions[old.latest()] != ""
}

// A machine is a repository beside what is known of it.
type machine struct {
	root   string
	r      *Repository
	f      *fake
	folder map[string]*folderModel
	served map[string]*servedModel
	count  int
}

var machineNames = []string{"a", "b"}

func newMachine(t *rapid.T) *machine {
	root, err := os.MkdirTemp("", "machine")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{root: root, folder: map[string]*folderModel{}, served: map[string]*servedModel{}}
	for _, name := range machineNames {
		m.folder[name] = &folderModel{versions: map[int]string{}}
	}
	m.write(t, "a", 1, "first")
	m.served["a"] = &servedModel{folderModel: folderModel{versions: map[int]string{1: "first"}}}
	set, f := fakes()
	m.f = f
	m.r, err = New(root, Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.r.Start(background); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) close(t *rapid.T) {
	if err := m.r.Close(background); err != nil {
		t.Error(err)
	}
	if open, misuse := m.f.open.Load(), m.f.misuse.Load(); open != 0 || misuse != 0 {
		t.Errorf("%d models open, %d misused", open, misuse)
	}
	if err := os.RemoveAll(m.root); err != nil {
		t.Error(err)
	}
}

// write makes a version that answers text, or with "" one that does not load.
func (m *machine) write(t *rapid.T, name string, version int, text string) {
	dir := filepath.Join(m.root, name, strconv.Itoa(version))
	content := "FAKE good " + text
	if text == "" {
		content = "FAKE bad on purpose"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	m.folder[name].versions[version] = text
}

func (m *machine) name(t *rapid.T) string { return rapid.SampledFrom(machineNames).Draw(t, "name") }

func (m *machine) Write(t *rapid.T) {
	m.count++
	m.write(t, m.name(t), rapid.IntRange(1, 3).Draw(t, "version"), fmt.Sprint("text", m.count))
}

func (m *machine) Break(t *rapid.T) {
	m.write(t, m.name(t), rapid.IntRange(1, 3).Draw(t, "version"), "")
}

func (m *machine) Remove(t *rapid.T) {
	name, version := m.name(t), rapid.IntRange(1, 3).Draw(t, "version")
	if err := os.RemoveAll(filepath.Join(m.root, name, strconv.Itoa(version))); err != nil {
		t.Fatal(err)
	}
	delete(m.folder[name].versions, version)
}

// Mistake writes a model.yaml with a mistake, or takes it away.
func (m *machine) Mistake(t *rapid.T) {
	name := m.name(t)
	file := filepath.Join(m.root, name, "model.yaml")
	f := m.folder[name]
	var err error
	if f.broken {
		err = os.Remove(file)
	} else if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
		err = os.WriteFile(file, []byte("mistake: 1"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.broken = !f.broken
}

func (m *machine) Load(t *rapid.T) {
	name := m.name(t)
	f, old := m.folder[name], m.served[name]
	err := m.r.Load(background, name)
	if len(f.versions) == 0 && !f.broken {
		if serve.CodeOf(err) != serve.NotFound {
			t.Fatalf("load %s, which is not there: %v", name, err)
		}
		return
	}
	if (err != nil) != f.fails() {
		t.Fatalf("load %s: %v", name, err)
	}
	if old != nil && old.answers() && harms(&old.folderModel, f) {
		return
	}
	next := folderModel{versions: maps.Clone(f.versions), broken: f.broken}
	m.served[name] = &servedModel{folderModel: next}
}

func (m *machine) Unload(t *rapid.T) {
	name := m.name(t)
	err := m.r.Unload(background, name)
	old := m.served[name]
	if (err != nil) != (old == nil) {
		t.Fatalf("unload %s: %v", name, err)
	}
	if old != nil {
		old.unloaded = true
	}
}

// Check compares all that can be asked with what should be served.
func (m *machine) Check(t *rapid.T) {
	open := int64(0)
	for _, name := range machineNames {
		for version := range 4 { // 0 asks for none
			label := name
			if version > 0 {
				label += ":" + strconv.Itoa(version)
			}
			got, err := ask(background, m.r, label)
			if err != nil {
				got = statusOf(err)
			}
			want := m.want(name, version)
			if got != want {
				t.Fatalf("%s answers %s, want %s (%v)", label, got, want, err)
			}
			if version > 0 && !strings.HasPrefix(want, "unavailable") && want != "not found" {
				open++
			}
		}
	}
	if n := m.f.open.Load(); n != open {
		t.Fatalf("%d models are open, want %d", n, open)
	}
}

func (m *machine) want(name string, version int) string {
	s := m.served[name]
	if s == nil {
		return "not found"
	}
	if s.broken {
		return "unavailable"
	}
	if version == 0 {
		version = s.latest()
	}
	text, there := s.versions[version]
	switch {
	case !there:
		return "not found"
	case s.unloaded || text == "":
		return "unavailable"
	}
	return text
}

// TestMachine compares random lives of a repository with a simple account of
// what it should serve.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		defer m.close(t)
		t.Repeat(map[string]func(*rapid.T){
			"": m.Check, "write": m.Write, "break": m.Break, "remove": m.Remove,
			"mistake": m.Mistake, "load": m.Load, "unload": m.Unload,
		})
	})
}
