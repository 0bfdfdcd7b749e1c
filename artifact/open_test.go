package artifact

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// write makes a folder of files; a name that ends in / is a folder, a text that
// begins with -> a link.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		target, link := strings.CutPrefix(text, "->")
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o700)
		case link:
			err = os.Symlink(target, path)
		default:
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func feature(name, valueType string) serve.Feature {
	return serve.Feature{Name: name, ValueType: valueType, Fields: serve.NewObject(serve.Field{Key: "name", Value: name}, serve.Field{Key: "value_type", Value: valueType})}
}

var objects = cmp.AllowUnexported(serve.Object{})

func TestOpenArtifactOfMLRun(t *testing.T) {
	want := &serve.Artifact{
		File:       "testdata/iris_model/model.pkl",
		Files:      folder("testdata/iris_model"),
		Parameters: map[string]any{"note": "from the artifact"},
		Features: []serve.Feature{
			feature("sepal length (cm)", "float"), feature("sepal width (cm)", "float"),
			feature("petal length (cm)", "float"), feature("petal width (cm)", "float"),
		},
		Labels:    []serve.Feature{feature("label", "int")},
		Metrics:   map[string]any{"accuracy": 0.97},
		Framework: "sklearn", Algorithm: "LogisticRegression", Key: "iris", Project: "default", Tree: "1c9ba0ab-2f8b-4c37-9a4f-3c2d1c4a7a52",
		Marks: map[string]string{"framework": "sklearn"},
	}
	for _, path := range []string{"testdata/iris_model", "testdata/iris_model/", "testdata/iris_model/model_spec.yaml"} {
		got, err := Open(context.Background(), path, ".pkl")
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if diff := cmp.Diff(want, got, objects); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := write(t, map[string]string{
		"plain/b.ubj": "x", "plain/a.txt": "x", "plain/c.ubj": "x", "plain/sub/d.ubj": "x", "plain/link.json": "->a.txt", "plain/broken": "->nowhere",
		"one/m.onnx": "x", "spec/SPEC.YAML": "spec: {model_file: sub/m}", "spec/sub/m": "x",
		"mounted/..data": "->..1", "mounted/..1/m.ubj": "x", "mounted/..1/model_spec.yaml": "spec: {model_file: m.ubj}", "mounted/m.ubj": "->..data/m.ubj", "mounted/model_spec.yaml": "->..data/model_spec.yaml",
		"extra/model_spec.yaml": "spec:\n  model_target_file: m\n  extra_data: {a: a.csv, abs: /nowhere/b, set: 'store://datasets/p/x', none: null}\n", "extra/m": "x",
		"link.ubj": "->plain/b.ubj", "named": "->one",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	tests := []struct {
		name, path, suffix string
		file               string
		extra              map[string]string
	}{
		{"file", at("plain/b.ubj"), ".ubj", at("plain/b.ubj"), nil},
		{"file without a suffix", at("plain/b.ubj"), "", at("plain/b.ubj"), nil},
		{"file of another name", at("plain/a.txt"), ".ubj", at("plain/a.txt"), nil},
		{"URL", "file://" + at("plain/a.txt"), "", at("plain/a.txt"), nil},
		{"URL with escapes", "file://localhost" + strings.ReplaceAll(at("plain/a.txt"), "a.txt", "%61.txt"), "", at("plain/a.txt"), nil},
		{"link", at("link.ubj"), "", at("link.ubj"), nil},
		{"folder", at("plain"), ".ubj", at("plain/b.ubj"), map[string]string{
			"a.txt": at("plain/a.txt"), "b.ubj": at("plain/b.ubj"), "c.ubj": at("plain/c.ubj"), "link.json": at("plain/link.json"),
		}},
		{"folder of one file", at("one"), "", at("one/m.onnx"), map[string]string{"m.onnx": at("one/m.onnx")}},
		{"link to a folder", at("named"), "", at("named/m.onnx"), map[string]string{"m.onnx": at("named/m.onnx")}},
		{"description", at("spec/SPEC.YAML"), ".pkl", at("spec/sub/m"), nil},
		{"mounted by Kubernetes", at("mounted"), ".pkl", at("mounted/m.ubj"), nil},
		{"extra data", at("extra"), "", at("extra/m"), map[string]string{"a": at("extra/a.csv"), "abs": "/nowhere/b", "set": "store://datasets/p/x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := Open(context.Background(), tt.path, tt.suffix)
			if err != nil {
				t.Fatal(err)
			}
			if a.File != tt.file {
				t.Errorf("file %s, want %s", a.File, tt.file)
			}
			if diff := cmp.Diff(tt.extra, a.Extra); diff != "" {
				t.Errorf("extra data (-want +got):\n%s", diff)
			}
			if _, err := fs.Stat(a.Files, "."); err != nil {
				t.Errorf("files: %v", err)
			}
		})
	}
}

func TestOpenAbsoluteModelFile(t *testing.T) {
	elsewhere := filepath.Join(write(t, map[string]string{"m": "x"}), "m")
	for _, name := range []string{elsewhere, "file://" + elsewhere} {
		dir := write(t, map[string]string{"model_spec.yaml": "spec: {model_file: '" + name + "'}"})
		a, err := Open(context.Background(), dir, "")
		if err != nil || a.File != elsewhere {
			t.Errorf("file %+v, %v; want %s", a, err, elsewhere)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	outside := filepath.Join(write(t, map[string]string{"secret": "x"}), "secret")
	dir := write(t, map[string]string{
		"none/": "", "two/a.txt": "x", "two/b.txt": "x",
		"up/model_spec.yaml": "spec: {model_file: ../secret}", "link/model_spec.yaml": "spec: {model_file: m}", "link/m": "->" + outside,
		"linked/m.ubj": "->" + outside, "missing/model_spec.yaml": "spec: {model_file: m}", "unnamed/model_spec.yaml": "spec: {framework: x}",
		"sub/model_spec.yaml": "spec: {model_file: m}", "sub/m/x": "x", "s3/model_spec.yaml": "spec: {model_file: 's3://b/m'}",
		"extraup/model_spec.yaml": "spec: {model_file: m, extra_data: {a: b/../../c}}", "extraup/m": "x",
		"extralink/model_spec.yaml": "spec: {model_file: m, extra_data: {a: l}}", "extralink/m": "x", "extralink/l": "->" + outside,
		"large/model_spec.yaml": strings.Repeat(" ", maxDescription+1), "specdir/model_spec.yaml/": "", "speclink/model_spec.yaml": "->" + outside,
		"dangling/model_spec.yaml": "->nowhere", "syntax/model_spec.yaml": "kind: model\nspec:\n\tx: 1\n",
	})
	tests := []struct{ path, suffix, want string }{
		{dir + "/nothing", "", "no such file or directory"},
		{dir + "/nothing.pkl", ".pkl", "no such file or directory"},
		{"/dev/null", "", "neither a file nor a folder"},
		{dir + "/none", ".pkl", "cant resolve model file for " + dir + "/none suffix.pkl"},
		{dir + "/none", "", "cant resolve model file for " + dir + "/none suffix"},
		{dir + "/two", ".pkl", "cant resolve model file for " + dir + "/two suffix.pkl"},
		{dir + "/two", "", "the folder has 2 files and no model_spec.yaml: name the model file"},
		{"store://models/p/m", "", "this program has no registry of models"},
		{"S3://bucket/m", "", "it is not on this machine, and this program brings no models here"},
		{"ftp://host/m", "", "ftp:// is not supported: a model is a file or folder of this machine, or at s3://, gs://, azblob://, http://, https:// or store://"},
		{"file://host/m", "", "a file URL is file:///path, without a host"},
		{"file://", "", "a file URL is file:///path, without a host"},
		{"file:///%zz", "", `not a URL: parse "file:///%zz": invalid URL escape "%zz"`},
		{dir + "/up", "", "model_spec.yaml: model file ../secret: the name leads out of the folder"},
		{dir + "/link", "", "model_spec.yaml: model file m: path escapes from parent"},
		{dir + "/linked", ".ubj", "model file m.ubj: path escapes from parent"},
		{dir + "/missing", "", "model_spec.yaml: model file m is not there"},
		{dir + "/unnamed", "", "model_spec.yaml: it names no model_file"},
		{dir + "/sub", "", "model_spec.yaml: model file m is not a file"},
		{dir + "/s3", "", "model_spec.yaml: model file s3://b/m is not on this machine, and this program brings no models here"},
		{dir + "/extraup", "", "model_spec.yaml: extra data a: b/../../c: the name leads out of the folder"},
		{dir + "/extralink", "", "model_spec.yaml: extra data a: l: path escapes from parent"},
		{dir + "/large", "", "model_spec.yaml: larger than 4 MiB"},
		{dir + "/specdir", "", "model_spec.yaml: not a file"},
		{dir + "/speclink", "", "model_spec.yaml: path escapes from parent"},
		{dir + "/dangling", "", "model_spec.yaml: no such file or directory"},
		{dir + "/syntax", "", "model_spec.yaml:3:1: not YAML: a tab cannot indent, use spaces"},
	}
	for _, tt := range tests {
		_, err := Open(context.Background(), tt.path, tt.suffix)
		if want := "open model " + shown(tt.path) + ": " + tt.want; err == nil || err.Error() != want {
			t.Errorf("error %v\nwant  %s", err, want)
		}
	}
	if _, err := Open(context.Background(), "", ".pkl"); err == nil || err.Error() != "open the model: no model_path says where it is" {
		t.Errorf("no path: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, "testdata/iris_model", ""); err == nil || err.Error() != "open model testdata/iris_model: context canceled" {
		t.Errorf("canceled: %v", err)
	}
}

func TestFiles(t *testing.T) {
	outside := filepath.Join(write(t, map[string]string{"secret": "x"}), "secret")
	dir := write(t, map[string]string{"m": "model", "sub/weights": "w", "out": "->" + outside, "in": "->sub/weights"})
	a, err := Open(context.Background(), filepath.Join(dir, "m"), "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"m": "model", "sub/weights": "w", "in": "w"} {
		if got, err := fs.ReadFile(a.Files, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"out", "../m", "/etc/passwd", "nothing"} {
		if got, err := fs.ReadFile(a.Files, name); err == nil {
			t.Errorf("%s could be read: %q", name, got)
		}
	}
	entries, err := fs.ReadDir(a.Files, ".")
	if err != nil || len(entries) != 4 {
		t.Errorf("entries %v, %v", entries, err)
	}
}

func TestMaxFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range maxFiles + 1 {
		f, err := os.Create(filepath.Join(dir, strings.Repeat("x", 1+i%100)+"-"+string(rune('a'+i/100))))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if _, err := Open(context.Background(), dir, ".pkl"); err == nil || !strings.HasSuffix(err.Error(), "the folder has more than 10000 files") {
		t.Errorf("error %v", err)
	}
}
