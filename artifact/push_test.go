package artifact

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// A register is a registry in memory.
type register struct {
	entries []Entry
	refuse  error
}

func (r *register) Put(_ context.Context, entries []Entry, _ ...string) error {
	if r.refuse != nil {
		return r.refuse
	}
	r.entries = append(r.entries, entries...)
	return nil
}

func (r *register) Find(_ context.Context, ref Ref) (Entry, error) {
	for _, e := range slices.Backward(r.entries) {
		if e.Project == ref.Project && e.Key == ref.Key && e.Iter == ref.Iter && (ref.Tree == "" || ref.Tree == e.Tree) {
			return e, nil
		}
	}
	return Entry{}, ErrNotFound
}

func (r *register) Close() error { return nil }

func (r *register) open(context.Context) (Registry, error) { return r, nil }

// iris is something to push, with something of everything.
func iris(t *testing.T) Push {
	dir := write(t, map[string]string{"model é.ubj": "model", "weights.bin": "weights", "notes.txt": "note"})
	return Push{
		Project: "flowers", Key: "iris", Tags: []string{"v1"}, File: filepath.Join(dir, "model é.ubj"),
		Beside: []string{filepath.Join(dir, "weights.bin")}, Extra: map[string]string{"note": filepath.Join(dir, "notes.txt")},
		Texts: map[string][]byte{"profile.v1.json": []byte("{}")}, Framework: "xgboost", Algorithm: "gbt", Description: "on: \"two\"\nlines",
		Labels: map[string]string{"team": "no", "1": "1e5"}, Parameters: map[string]any{"big": 1e16, "list": []any{int64(1), "yes", nil}, "empty": map[string]any{}},
		Metrics: map[string]any{"accuracy": 0.97}, Inputs: []serve.Feature{{Name: "sepal length (cm)", ValueType: "float"}, {Name: "0", ValueType: "int"}},
		Outputs:      []serve.Feature{{Name: "label", ValueType: "int"}},
		FeatureStats: map[string]any{"sepal length (cm)": map[string]any{"count": 4.0, "max": 1e300, "hist": []any{[]int64{1, 3}, []float64{0, 0.5, 1}}}},
	}
}

// TestPush: what is pushed comes back, from a bucket and from a folder, by its name
// and from where it lies.
func TestPush(t *testing.T) {
	w := newWorld(t, nil)
	folder := filepath.Join(t.TempDir(), "a b", "artifacts")
	for name, root := range map[string]string{"bucket": w.at("root"), "folder": folder, "url": "file://" + strings.ReplaceAll(folder, " ", "%20") + "2"} {
		t.Run(name, func(t *testing.T) {
			reg := &register{}
			s := newStore(t, "")
			s.Registry = reg.open
			e, err := s.Push(t.Context(), root, reg, iris(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"latest", "v1"}, e.Tags); diff != "" || !strings.HasSuffix(e.Target, "/flowers/iris/"+e.Tree+"/0/") {
				t.Errorf("entry %+v", e)
			}
			for _, path := range []string{"store://models/flowers/iris", e.Ref().String(), e.Target, e.Target + "model_spec.yaml"} {
				a, err := s.Open(t.Context(), Request{Path: path, Suffix: ".ubj"})
				if err != nil {
					t.Fatal(err)
				}
				checkIris(t, a, e.Tree)
				if IsRef(path) && (a.URI != e.Ref().String() || a.Tag == "" && !strings.Contains(path, "@")) {
					t.Errorf("URI %s, tag %s", a.URI, a.Tag)
				}
			}
		})
	}
}

func checkIris(t *testing.T, a *serve.Artifact, tree string) {
	t.Helper()
	want := &serve.Artifact{
		Parameters: map[string]any{"big": 1e16, "list": []any{int64(1), "yes", nil}, "empty": map[string]any{}}, Metrics: map[string]any{"accuracy": 0.97},
		Features: []serve.Feature{feature("sepal length (cm)", "float"), feature("0", "int")}, Labels: []serve.Feature{feature("label", "int")},
		Framework: "xgboost", Algorithm: "gbt", Key: "iris", Project: "flowers", Tree: tree,
		Marks:        map[string]string{"team": "no", "1": "1e5", "framework": "xgboost"},
		FeatureStats: map[string]any{"sepal length (cm)": map[string]any{"count": 4.0, "max": 1e300, "hist": []any{[]any{int64(1), int64(3)}, []any{0.0, 0.5, 1.0}}}},
	}
	got := *a
	got.File, got.Files, got.Extra, got.URI, got.Tag = "", nil, nil, "", ""
	if diff := cmp.Diff(want, &got, objects); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for file, text := range map[string]string{a.File: "model", a.Extra["weights.bin"]: "weights", a.Extra["note"]: "note", a.Extra["profile.v1.json"]: "{}"} {
		if content(t, file) != text {
			t.Errorf("%s has %q", file, content(t, file))
		}
	}
	if text, err := fs.ReadFile(a.Files, "weights.bin"); err != nil || string(text) != "weights" {
		t.Errorf("beside it %q, %v", text, err)
	}
}

// TestPushBest: the key leads to the best of several iterations.
func TestPushBest(t *testing.T) {
	w := newWorld(t, nil)
	reg := &register{}
	s := newStore(t, "")
	s.Registry = reg.open
	p := iris(t)
	p.Tree, p.Iter = "tree", 1
	if _, err := s.Push(t.Context(), w.at(""), reg, p); err != nil {
		t.Fatal(err)
	}
	p.Iter, p.Best, p.Algorithm = 2, true, "best"
	if _, err := s.Push(t.Context(), w.at(""), reg, p); err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]string{"store://models/flowers/iris": "best", "store://models/flowers/iris#1": "gbt", "store://models/flowers/iris#2": "best"} {
		a, err := s.Open(t.Context(), Request{Path: uri})
		if err != nil || a.Algorithm != want {
			t.Errorf("%s: %+v, error %v", uri, a, err)
		}
	}
}

// TestPushFails: what fails is told, and leaves nothing behind.
func TestPushFails(t *testing.T) {
	w := newWorld(t, nil)
	folder := t.TempDir()
	file := filepath.Join(write(t, map[string]string{"file": "x"}), "file")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for want, change := range map[string]func(p *Push, reg *register) (context.Context, string){
		"the registry is locked": func(_ *Push, reg *register) (context.Context, string) {
			reg.refuse = errors.New("the registry is locked")
			return t.Context(), ""
		},
		"no such file":               func(p *Push, _ *register) (context.Context, string) { p.File = "/no/such"; return t.Context(), "" },
		"is not a file":              func(p *Push, _ *register) (context.Context, string) { p.File = folder; return t.Context(), "" },
		"two files would be called":  func(p *Push, _ *register) (context.Context, string) { p.Extra["x"] = p.File; return t.Context(), "" },
		"called model_spec.yaml":     func(p *Push, _ *register) (context.Context, string) { p.Texts[specName] = nil; return t.Context(), "" },
		"is no name for a file":      func(p *Push, _ *register) (context.Context, string) { p.Texts["a/b"] = nil; return t.Context(), "" },
		"the project":                func(p *Push, _ *register) (context.Context, string) { p.Project = "A"; return t.Context(), "" },
		"the key":                    func(p *Push, _ *register) (context.Context, string) { p.Key = "a/b"; return t.Context(), "" },
		"there is no key":            func(p *Push, _ *register) (context.Context, string) { p.Key = ""; return t.Context(), "" },
		"the tag":                    func(p *Push, _ *register) (context.Context, string) { p.Tags = []string{"a b"}; return t.Context(), "" },
		"the tree":                   func(p *Push, _ *register) (context.Context, string) { p.Tree = "a b"; return t.Context(), "" },
		"context canceled":           func(*Push, *register) (context.Context, string) { return canceled, "" },
		"ftp:// is not supported":    func(*Push, *register) (context.Context, string) { return t.Context(), "ftp://host/x" },
		"no driver for s3://":        func(*Push, *register) (context.Context, string) { return t.Context(), "s3://b/x" },
		"not a directory":            func(*Push, *register) (context.Context, string) { return t.Context(), file + "/x" },
		"a file URL is file:///path": func(*Push, *register) (context.Context, string) { return t.Context(), "file://host/x" },
		"the folder has no name":     func(*Push, *register) (context.Context, string) { return t.Context(), "no name" },
		"the description would be large": func(p *Push, _ *register) (context.Context, string) {
			p.Description = strings.Repeat("x", maxDescription)
			return t.Context(), ""
		},
	} {
		t.Run(want, func(t *testing.T) {
			for _, root := range []string{w.at("root"), folder} {
				p, reg := iris(t), &register{}
				ctx, other := change(&p, reg)
				switch other {
				case "":
				case "no name":
					root = ""
				default:
					root = other
				}
				_, err := newStore(t, "").Push(ctx, root, reg, p)
				wants(t, err, "push model "+p.Key+": ", want)
				if len(reg.entries) > 0 {
					t.Errorf("registered: %v", reg.entries)
				}
			}
			left, err := os.ReadDir(folder)
			if keys := w.keys(); len(keys) > 0 || len(left) > 0 || err != nil {
				t.Errorf("left behind: %v, %v", keys, left)
			}
		})
	}
}

// TestFullDisk pushes to a disk that is full, and has a cache on one. It needs a
// small file system of its own.
func TestFullDisk(t *testing.T) {
	if os.Getenv("LEAT_SMALL_DISK") == "" {
		inSmallDisk(t)
		return
	}
	small := os.Getenv("LEAT_SMALL_DISK")
	p, reg := iris(t), &register{}
	p.File = filepath.Join(write(t, map[string]string{"m.ubj": strings.Repeat("x", 2<<20)}), "m.ubj")
	root := filepath.Join(small, "artifacts")
	_, err := newStore(t, "").Push(t.Context(), root, reg, p)
	wants(t, err, "write "+root, "no space left on device")
	if left, err := filepath.Glob(filepath.Join(root, "*")); len(left) > 0 || err != nil || len(reg.entries) > 0 {
		t.Errorf("left behind: %v, %v", left, reg.entries)
	}
	w := newWorld(t, map[string]string{"m.ubj": strings.Repeat("x", 2<<20), "small.ubj": "x"})
	s := newStore(t, filepath.Join(small, "cache"))
	_, err = s.Open(t.Context(), Request{Path: w.at("m.ubj")})
	wants(t, err, "write to the cache: ", "no space left on device")
	if left, err := filepath.Glob(filepath.Join(small, "cache", "[btv]*", "*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v", left)
	}
	if a, err := s.Open(t.Context(), Request{Path: w.at("small.ubj")}); err != nil || content(t, a.File) != "x" {
		t.Errorf("something small: %v", err)
	}
}

// inSmallDisk runs the test again where it has a file system of a megabyte.
func inSmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run(); err != nil {
		t.Skipf("no file system can be made here: %v", err)
	}
	cmd := exec.Command("unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"`, dir, os.Args[0], "-test.run", "^TestFullDisk$")
	cmd.Env = append(os.Environ(), "LEAT_SMALL_DISK="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestYAML: what is written is read as it was, whatever is in it.
func TestYAML(t *testing.T) {
	in := map[string]any{
		"texts":   []any{"", "yes", "No", "null", "~", "1", "1e5", "0x1", "1:20", " a ", "a: b", "- a", "#a", "é\u0085\u2028\U0001F600", "a\tb\nc", `"\`, "@a", "%", "a #b", "2026-01-01", "=", "<<", "."},
		"numbers": []any{int64(0), int64(-5), 0.0, 0.1, 1e16, -1e-300, 1e300, math.MaxFloat64, 5.0},
		"others":  []any{nil, true, false, map[string]any{}, []any{}, map[string]any{"a": map[string]any{"b": []any{[]any{int64(1)}, map[string]any{"c": "d"}}}}},
		"yes":     map[string]any{"": "x", "a b": int64(1), "1": int64(2), "25%": 0.5, "é": nil},
	}
	text := appendYAML(nil, "", in)
	root, problems := document.Parse("x", text, document.Options{})
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, text)
	}
	if diff := cmp.Diff(in, root.Values()); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, text)
	}
}

func FuzzYAML(f *testing.F) {
	f.Add("a: b", 1.5)
	f.Add("\u0085- x\r\n", 1e22)
	f.Fuzz(func(t *testing.T, s string, v float64) {
		if strings.ToValidUTF8(s, "") != s || math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		in := map[string]any{"k" + s: s, "list": []any{v, []any{s}}}
		root, problems := document.Parse("x", appendYAML(nil, "", in), document.Options{})
		if len(problems) > 0 {
			t.Fatalf("%q: %v", s, problems)
		}
		if diff := cmp.Diff(in, root.Values()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
