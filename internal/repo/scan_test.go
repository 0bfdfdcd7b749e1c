package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	good  = "FAKE good x"
	other = "OTHER good x"
)

// found tells what Scan finds: a line a model and one a version.
func found(root string) string {
	set, _ := fakes()
	x, err := Scan(root, set)
	if err != nil {
		return "error: " + strings.ReplaceAll(err.Error(), root, "ROOT")
	}
	var b strings.Builder
	for _, m := range x.Models {
		fmt.Fprintf(&b, "%s (%s)", m.Name, m.Path)
		if m.Err != nil {
			fmt.Fprintf(&b, ": %v", m.Err)
		}
		b.WriteString("\n")
		for _, v := range m.Versions {
			path, err := filepath.Rel(root, v.Path)
			if err != nil || path == "." {
				path = filepath.Base(v.Path)
			}
			mark := ""
			if v.Number == m.Default() {
				mark = "*"
			}
			if v.Err != nil {
				fmt.Fprintf(&b, "  %s%s: %v\n", v.Number, mark, v.Err)
				continue
			}
			fmt.Fprintf(&b, "  %s%s %s %s\n", v.Number, mark, v.Runtime.Name, path)
		}
	}
	return b.String()
}

func TestScan(t *testing.T) {
	const nothing = `error: nothing to serve in ROOT: it has no model file (fake, other), no folder with a model file or numbered versions in it, ` +
		`no model.yaml, model_spec.yaml, config.pbtxt or model-settings.json; "leat init DIR" makes a small project to start from`
	spec := "kind: model\nspec: {model_file: m.fake}\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"version folders", map[string]string{"fraud/1/model.fake": good, "fraud/2/model.fake": other, "fraud/10/x": good}, `
fraud (fraud)
  1 fake fraud/1/model.fake
  2 other fraud/2/model.fake
  10* fake fraud/10/x`},
		{"bare files", map[string]string{"churn.fake": good, "xgb.v1.json": other, "a.b": good}, `
a (a.b)
  1* fake a.b
churn (churn.fake)
  1* fake churn.fake
xgb.v1 (xgb.v1.json)
  1* other xgb.v1.json`},
		{"folder without versions", map[string]string{"iris/weights.bin": good}, `
iris (iris)
  1* fake iris/weights.bin`},
		{"MLRun model folders", map[string]string{
			"iris/model_spec.yaml": spec, "iris/m.fake": good,
			"two/1/model_spec.yaml": spec, "two/1/m.fake": other, "two/1/extra.fake": good,
		}, `
iris (iris)
  1* fake iris
two (two)
  1* other two/1`},
		{"what is nothing", map[string]string{
			"README.md": "# Models", ".hidden": good, ".git/1/x": good, "train.py": "FAK", "data/a.csv": "1,2", "empty/": "",
			"__pycache__/m.pyc": good, "deep/er/1/m.fake": good, "lost+found/1/": "", "server.yaml": "models: x", "m.fake": good, "fraud/.gitkeep": "",
		}, `
m (m.fake)
  1* fake m.fake`},
		{"nothing at all", map[string]string{"README.md": "x", "fraud/notes.txt": "x"}, nothing},
		{"an empty folder", nil, nothing},

		{"the file that model.yaml names", map[string]string{"m/model.yaml": "file: b.fake", "m/1/a.fake": good, "m/1/b.fake": other}, `
m (m)
  1* other m/1/b.fake`},
		{"a file further below", map[string]string{"m/model.yaml": "file: sub/b.fake", "m/sub/b.fake": good}, `
m (m)
  1* fake m/sub/b.fake`},
		{"a file whose runtime is named", map[string]string{"m/model.yaml": "file: b.bin\nruntime: other", "m/b.bin": "?"}, `
m (m)
  1* other m/b.bin`},
		{"the file called model", map[string]string{"m/1/model.bin": good, "m/1/tokens.bin": other}, `
m (m)
  1* fake m/1/model.bin`},
		{"the runtime that model.yaml names", map[string]string{"m/model.yaml": "runtime: other", "m/1/a": good, "m/1/b": other}, `
m (m)
  1* other m/1/b`},
		{"a default by number, and some versions", map[string]string{
			"m/model.yaml": "default: 2\nversions: [1, 2]", "m/1/x": good, "m/2/x": good, "m/3/x": good}, `
m (m)
  1 fake m/1/x
  2* fake m/2/x`},
		{"a default by label", map[string]string{"m/model.yaml": "labels: {stable: 1}\ndefault: stable", "m/1/x": good, "m/2/x": good}, `
m (m)
  1* fake m/1/x
  2 fake m/2/x`},
		{"an empty model.yaml", map[string]string{"m/model.yaml": "# nothing\n", "m/1/x": good}, `
m (m)
  1* fake m/1/x`},

		{"model.yaml with mistakes", map[string]string{"ok.fake": good, "m/model.yaml": "runtime: fake\nlables: {a: 1}\nversions: none\n", "m/1/x": good}, `
m (m): m/model.yaml:2:1: unknown key "lables" (did you mean "labels"?); m/model.yaml:3:11: versions must be a list of versions, found "none"
ok (ok.fake)
  1* fake ok.fake`},
		{"model.yaml without a model", map[string]string{"m/model.yaml": "parameters: {a: 1}"}, `
m (m)
  1*: folder m: there is no model in it that a runtime of this server knows (fake, other)`},
		{"model.yml", map[string]string{"m/model.yml": "runtime: fake", "m/1/x": good}, `
m (m): model.yml is not read: rename it to model.yaml`},
		{"an unknown runtime", map[string]string{"m/model.yaml": "\nruntime: fade", "m/1/x": good, "n/model.yaml": "runtime: catboost", "n/1/x": good}, `
m (m): m/model.yaml:2:10: unknown runtime "fade" (did you mean "fake"?)
n (n): n/model.yaml:1:10: unknown runtime "catboost" (this server has fake, other)`},
		{"a file that is not there", map[string]string{"m/model.yaml": "file: a.fake", "m/1/b.fake": good}, `
m (m)
  1*: folder m/1: the file a.fake, which model.yaml names, is not there`},
		{"a file that is a folder", map[string]string{"m/model.yaml": "file: a", "m/a/b.fake": good}, `
m (m)
  1*: folder m: a, which model.yaml names, is not a file`},
		{"a file that no runtime knows", map[string]string{"m/model.yaml": "file: a", "m/a": "?"}, `
m (m)
  1*: folder m: a is not a model that a runtime of this server knows (fake, other)`},
		{"a file that leads out of the folder", map[string]string{"m/model.yaml": "file: ../ok.fake", "m/1/x": good, "ok.fake": good}, `
m (m): m/model.yaml:1:7: file must name a file in the model's folder, found "../ok.fake"
ok (ok.fake)
  1* fake ok.fake`},
		{"a named runtime that knows no file", map[string]string{"m/model.yaml": "runtime: other", "m/1/x": good}, `
m (m)
  1*: folder m/1: there is no model in it that looks like one of runtime other: name it with the key file in model.yaml`},
		{"versions that are not there", map[string]string{
			"a/model.yaml": "default: 3", "a/1/x": good, "b/model.yaml": "labels: {next: 2}", "b/1/x": good,
			"c/model.yaml": "versions: [1, 4]", "c/1/x": good, "c/2/x": good, "d/model.yaml": "versions: [2]", "d/x": good}, `
a (a): a/model.yaml:1:10: the default is version 3, but the versions to load are 1
b (b): b/model.yaml:1:9: label "next" is for version 2, but the versions to load are 1
c (c): c/model.yaml:1:11: there is no version 4, only 1, 2
d (d): d/model.yaml:1:11: there is no version 2, only 1`},
		{"broken version folders", map[string]string{"m/1/x": good, "m/2/": "", "m/3/model.pkl": "pickle", "m/03/x": good, "m/123456789012345678901/x": good}, `
m (m)
  1 fake m/1/x
  2: folder m/2: there is no model in it that a runtime of this server knows (fake, other)
  03: version folder m/03: versions are whole numbers from 1, without zeros in front
  3: folder m/3: there is no model in it: model.pkl is not one that a runtime of this server knows (fake, other)
  123456789012345678901*: version folder m/123456789012345678901: the number has 21 digits, 20 are allowed`},
		{"two files that could be it", map[string]string{"m/1/a.fake": good, "m/1/b.fake": other, "n/model.a": good, "n/model.b": good}, `
m (m)
  1*: folder m/1: 2 files could be the model (a.fake, b.fake): name the one that is with the key file in model.yaml
n (n)
  1*: folder n: 2 files could be the model (model.a, model.b): name the one that is with the key file in model.yaml`},
		{"a file beside version folders", map[string]string{"m/1/x": good, "m/x.fake": good, "m/labels.txt": "a"}, `
m (m): x.fake lies beside version folders (1): move it into one`},
		{"MLRun's and version folders", map[string]string{"m/1/x": good, "m/model_spec.yaml": spec, "m/m.fake": good}, `
m (m): there are both model_spec.yaml and version folders (1): keep one of them`},
		{"a broken MLRun folder", map[string]string{
			"a/model_spec.yaml": "kind: model\nspec:\n  model_file: [x]\n  inputs: 3\n", "b/model_spec.yaml": spec,
			"c/model_spec.yaml": spec, "c/m.fake": "pickle", "d/model_spec.yaml": spec, "d/m.fake": good, "d/model.yaml": "file: m.fake",
		}, `
a (a)
  1*: folder a: model_spec.yaml:3:15: model_file must be text, found a list; model_spec.yaml:4:11: inputs must be a list, found 3
b (b)
  1*: folder b: model_spec.yaml: model file m.fake is not there
c (c)
  1*: folder c: m.fake is not a model that a runtime of this server knows (fake, other)
d (d)
  1*: d/model.yaml:1:7: model_spec.yaml names the model's file, so that model.yaml cannot`},
		{"models of other servers", map[string]string{"resnet/config.pbtxt": "name: x", "resnet/1/x": good, "sk/model-settings.json": "{}", "ok.fake": good}, `
ok (ok.fake)
  1* fake ok.fake
resnet (resnet): resnet/config.pbtxt:1:7: name is a string in quotes, found "x"
sk (sk): sk/model-settings.json:1:1: implementation is missing; MLSERVER_MODEL_IMPLEMENTATION and other variables of the environment are not read`},
		{"one name twice", map[string]string{"churn.fake": good, "churn/1/x": good, "a.1": good, "a.2": good, "a.md": "x"}, `
a (a.1 and a.2): 2 models have this name: a.1 and a.2; rename all but one
churn (churn.fake and churn): 2 models have this name: churn.fake and churn; rename all but one`},
		{"names", map[string]string{
			"my model.fake": good, "a..b.fake": good, "é-1_2.3.fake": good, "a:b/1/x": good, "new\nline.fake": good, "50%/x": good, "モデル.fake": good}, "\n" +
			`"new\nline" (new` + "\nline.fake" + `): the name "new\nline" has '\n' in it: rename it to letters, digits, ".", "_" and "-"
50% (50%): the name "50%" has '%' in it: rename it to letters, digits, ".", "_" and "-"
a..b (a..b.fake): the name "a..b" must not begin with "." or have ".." in it
a:b (a:b): the name "a:b" has ':' in it: rename it to letters, digits, ".", "_" and "-"
my model (my model.fake): the name "my model" has ' ' in it: rename it to letters, digits, ".", "_" and "-"
é-1_2.3 (é-1_2.3.fake)
  1* fake é-1_2.3.fake
モデル (モデル.fake)
  1* fake モデル.fake`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.TrimSpace(found(tree(t, c.files)))
			if diff := cmp.Diff(strings.TrimSpace(c.want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestScanRoot has paths that are one model.
func TestScanRoot(t *testing.T) {
	const nothingFile = `error: nothing to serve: ROOT is not a model file that a runtime of this server knows (fake, other); ` +
		`"leat init DIR" makes a small project to start from`
	spec := "kind: model\nspec: {model_file: m.fake}\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		root  string
		want  string
	}{
		{"a file", map[string]string{"churn.fake": good, "x.fake": good}, "churn.fake", "churn (churn.fake)\n  1* fake churn.fake"},
		{"a file that is nothing", map[string]string{"a.txt": "x"}, "a.txt", nothingFile},
		{"a hidden file", map[string]string{".a.fake": good}, ".a.fake", `.a (.a.fake): the name ".a" must not begin with "." or have ".." in it`},
		{"version folders", map[string]string{"fraud/1/x": good, "fraud/3/x": good, "fraud/README": "x", "fraud/src/y.py": "x"}, "fraud",
			"fraud (.)\n  1 fake 1/x\n  3* fake 3/x"},
		{"version folders without a model", map[string]string{"fraud/1/": ""}, "fraud",
			"fraud (.)\n  1*: folder 1: there is no model in it that a runtime of this server knows (fake, other)"},
		{"model.yaml", map[string]string{"fraud/model.yaml": "default: 1", "fraud/1/x": good, "fraud/2/x": good}, "fraud",
			"fraud (.)\n  1* fake 1/x\n  2 fake 2/x"},
		{"model.yaml with a mistake", map[string]string{"fraud/model.yaml": "default: x", "fraud/1/x": good}, "fraud",
			`fraud (.): model.yaml:1:10: default "x" is neither a version nor one of the labels`},
		{"model.yaml named", map[string]string{"fraud/model.yaml": "default: 1", "fraud/1/x": good}, "fraud/model.yaml",
			"fraud (.)\n  1* fake 1/x"},
		{"MLRun", map[string]string{"iris/model_spec.yaml": spec, "iris/m.fake": good}, "iris", "iris (.)\n  1* fake iris"},
		{"MLRun's description named", map[string]string{"iris/model_spec.yaml": spec, "iris/m.fake": good}, "iris/model_spec.yaml",
			"iris (.)\n  1* fake iris"},
		{"Triton's", map[string]string{"r/config.pbtxt": "", "r/1/x": good}, "r", "r (.)\n  1* fake 1/x"},
		{"a folder with a file called model is a repository", map[string]string{"r/model.fake": good}, "r", "model (model.fake)\n  1* fake model.fake"},
		{"version folders beside other models", map[string]string{"r/1/x": good, "r/b.fake": good}, "r",
			"1 (1)\n  1* fake 1/x\nb (b.fake)\n  1* fake b.fake"},
		{"version folders beside server.yaml", map[string]string{"r/1/x": good, "r/server.yaml": ""}, "r", "1 (1)\n  1* fake 1/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := filepath.Join(tree(t, c.files), filepath.FromSlash(c.root))
			got := found(root)
			if info, err := os.Stat(root); err == nil && !info.IsDir() {
				got = strings.ReplaceAll(strings.ReplaceAll(got, "../", ""), "fake ..", "fake "+filepath.Base(filepath.Dir(root)))
			}
			if diff := cmp.Diff(c.want, strings.TrimSpace(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScanNothingIsThere(t *testing.T) {
	set, _ := fakes()
	if _, err := Scan(filepath.Join(t.TempDir(), "none"), set); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want one that the file is not there", err)
	}
	var nothing *NothingError
	if _, err := Scan(t.TempDir(), set); !errors.As(err, &nothing) || !strings.Contains(err.Error(), "leat init") {
		t.Errorf("got %v, want a NothingError that names leat init", err)
	}
}

// TestScanNames tells where there would be something to serve.
func TestScanNames(t *testing.T) {
	set, _ := fakes()
	const service = "apiVersion: v1\nkind: Secret\n---\napiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"models/iris/model-settings.json": "{}"}, "nothing to serve in ROOT: models are folders in it, and models/iris/model-settings.json is further down: serve ROOT/models"},
		{map[string]string{"a/b/c/d/config.pbtxt": ""}, "nothing to serve in ROOT: models are folders in it, and a/b/c/d/config.pbtxt is further down: serve ROOT/a/b/c"},
		{map[string]string{"iris.yaml": service}, "nothing to serve in ROOT: iris.yaml has resources of KServe in it, which are served from their file: serve ROOT/iris.yaml"},
		{map[string]string{"a/b/c/d/e/config.pbtxt": ""}, "nothing to serve in ROOT: it has no model file"},
	} {
		root := tree(t, c.files)
		_, err := Scan(root, set)
		if err == nil || !strings.HasPrefix(strings.ReplaceAll(err.Error(), root, "ROOT"), c.want) {
			t.Errorf("%v: got %v, want %s", c.files, err, c.want)
		}
	}
}

// TestScanOneInAnother warns of a model of MLServer's that is in the folder of another.
func TestScanOneInAnother(t *testing.T) {
	root := tree(t, map[string]string{
		"model-settings.json": `{"name": "a", "implementation": "x.Y"}`, "sub/model-settings.json": `{"name": "b", "implementation": "x.Y"}`,
	})
	set, _ := fakes()
	index, err := Scan(root, set)
	if err != nil || len(index.Models) != 1 || len(index.Models[0].Warnings) != 1 {
		t.Fatalf("%+v, %v", index, err)
	}
	const want = "sub/model-settings.json:1:1: warning: the model is not served, since it is in the folder of another: put them side by side"
	if got := index.Models[0].Warnings[0].String(); got != want {
		t.Errorf("got %s", got)
	}
}

// TestScanServices has a file of several resources of KServe.
func TestScanServices(t *testing.T) {
	one := func(name string) string {
		return "---\napiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: " + name + "}\nspec: {predictor: {xgboost: {storageUri: x}}}\n"
	}
	root := tree(t, map[string]string{"all.yaml": one("a") + one("b") + one("c") + one("b") + "---\napiVersion: v1\nkind: Secret\n", "x": good})
	const want = "a (all.yaml)\n  1*: format xgboost: this server has no runtime xgboost (it has fake, other)\n" +
		"b (all.yaml and all.yaml): 2 models have this name: all.yaml and all.yaml; rename all but one\n" +
		"c (all.yaml)\n  1*: format xgboost: this server has no runtime xgboost (it has fake, other)\n"
	if d := cmp.Diff(want, found(filepath.Join(root, "all.yaml"))); d != "" {
		t.Error(d)
	}
}

func TestScanLongName(t *testing.T) {
	name := strings.Repeat("a", maxName-len(".fake"))
	got := found(tree(t, map[string]string{name + ".fake": good}))
	if want := name + " (" + name + ".fake)\n  1* fake " + name + ".fake\n"; got != want {
		t.Errorf("got %q", got)
	}
	if err := checkName(strings.Repeat("a", maxName+1)); err == nil {
		t.Error("a name of 256 bytes is allowed")
	}
}

// TestProblems has every problem of an index with its place.
func TestProblems(t *testing.T) {
	set, _ := fakes()
	x, err := Scan(tree(t, map[string]string{
		"a/model.yaml": "x: 1\ny: 2\n", "a/1/x": good, "b/1/": "", "c.fake": good, "r/config.pbtxt": "",
	}), set)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range x.Problems() {
		got = append(got, p.String())
	}
	want := []string{
		`a/model.yaml:1:1: unknown key "x"`,
		`a/model.yaml:2:1: unknown key "y"`,
		"b: folder b/1: there is no model in it that a runtime of this server knows (fake, other)",
		"r: there is no version folder: put the model's file into r/1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManyProblemsAreCut(t *testing.T) {
	got := found(tree(t, map[string]string{"m/model.yaml": "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n", "m/1/x": good}))
	if !strings.HasSuffix(got, `m/model.yaml:3:1: unknown key "c"; and 2 more`+"\n") {
		t.Errorf("got %s", got)
	}
}
