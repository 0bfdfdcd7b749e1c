package repo

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLoadWith loads models with other settings and files, each row after the one
// before, and looks whether anything is left of them.
func TestLoadWith(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	root := tree(t, map[string]string{
		"fraud/1/x": "FAKE good one", "fraud/2/x": "FAKE good two", "bare.x": "FAKE good bare", "own/x": "FAKE good own", "own/model.yaml": "labels: {new: '1'}\n",
	})
	r, _ := serving(t, root, nil)
	const asTritonShows = `{"name": "fraud", "batch_input": [], "batch_output": [], "optimization": {"priority": "PRIORITY_DEFAULT", "execution_accelerators": {"gpu_execution_accelerator": [
		{"name": "tensorrt", "parameters": {"precision_mode": "FP16"}}], "cpu_execution_accelerator": []}, "gather_kernel_buffer_threshold": 0},
		"instance_group": [{"name": "fraud", "kind": "KIND_GPU", "count": 1, "gpus": [0], "secondary_devices": [], "profile": [], "passive": false, "host_policy": ""}],
		"cc_model_filenames": {}, "metric_tags": {}, "parameters": {}, "model_warmup": []}`
	const latest = `{"name": "fraud", "version_policy": {"specific": {"versions": [1]}}}`
	files := func(pairs ...string) map[string][]byte {
		all := map[string][]byte{}
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = []byte(pairs[i+1])
		}
		return all
	}
	for _, step := range []struct {
		name string
		o    Override
		want string // a part of the error; "" if it must succeed
		then map[string]string
	}{
		{"fraud", Override{Config: latest}, "", map[string]string{"fraud": "one", "fraud:2": "not found"}},
		{"fraud", Override{Config: "{}", Files: files("3/x", "FAKE good three")}, "", map[string]string{"fraud": "three", "fraud:1": "not found"}},
		{"fraud", Override{Config: "{}", Files: files("3/x", "FAKE bad it is torn")}, "it is torn; what was loaded before goes on serving", map[string]string{"fraud": "three"}},
		{"fraud", Override{Config: `{"max_batch": 4}`}, "bad request: parameter config is no model configuration", map[string]string{"fraud": "three"}},
		{"fraud", Override{Config: `{"name": "other"}`}, "bad request: parameter config: ", map[string]string{"fraud": "three"}},
		{"fraud", Override{Config: strings.Repeat("[", 10000)}, "bad request: ", map[string]string{"fraud": "three"}},
		{"fraud", Override{Config: `{"version_policy": {"specific": {"versions": [7]}}}`}, "bad request: ", map[string]string{"fraud": "three"}},
		{"fraud", Override{Config: "{}", Files: files("1/nothing", "?")}, "bad request: ", map[string]string{"fraud": "three"}},
		{"fraud", Override{Config: asTritonShows}, "", map[string]string{"fraud": "two"}},
		{"bare", Override{Config: "{}"}, "", map[string]string{"bare": "bare"}},
		{"own", Override{Config: "{}"}, "", map[string]string{"own": "own", "own:new": "not found"}},
		{"sent", Override{Config: "{}", Files: files("1/x", "FAKE good sent", "1/weights/w", "beside")}, "", map[string]string{"sent": "sent"}},
		{"nobody", Override{Config: "{}"}, "not found: there is no model nobody", nil},
		{"..", Override{Config: "{}", Files: files("1/x", "FAKE good")}, "bad request: the name", nil},
		{"a/b", Override{Config: "{}", Files: files("1/x", "FAKE good")}, "bad request: the name", nil},
		{"1", Override{Config: "{}", Files: files("1/x", "FAKE good number")}, "", map[string]string{"1": "number"}},
	} {
		got := ""
		if err := r.LoadWith(background, step.name, step.o); err != nil {
			got = strings.Replace(statusOf(err), "code 1", "bad request", 1) + ": " + err.Error()
		}
		if step.want == "" && got != "" || !strings.Contains(got, step.want) || strings.Contains(got, temp) {
			t.Errorf("%s %.100s: %q, want %q", step.name, step.o.Config, got, step.want)
		}
		for model, want := range step.then {
			if got := answer(t, r, model); !strings.HasPrefix(got, want) {
				t.Errorf("after %s %.100s: %s answers %s, want %s", step.name, step.o.Config, model, got, want)
			}
		}
	}
	for name, want := range map[string]string{"fraud": "two", "bare": "bare", "own": "own"} { // as they stand
		change{load: name, then: map[string]string{name: want}}.run(t, r, root)
	}
	change{unload: "sent"}.run(t, r, root)
	change{load: "sent", want: "not found: there is no model sent in ROOT"}.run(t, r, root)
	if err := r.Close(background); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) != 0 {
		t.Errorf("what is left: %v, %v", left, err)
	}
}

func TestFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"1/model.onnx": "", "12/a/b c": "", "1/" + strings.Repeat("a", 255): "", "": "version folder", "model.onnx": "version folder", "1/": "version folder", "/x": "no number",
		"v1/x": "no number", "../x": "no number", "0/x": "whole numbers", "01/x": "whole numbers", "1/../x": "not the name", "1/a//b": "not the name", "1/./x": "not the name",
		"1/a\\b": "not the name", "1/a\x00": "not the name", "1/..": "not the name", "1/" + strings.Repeat("a", 256): "at most 255",
	} {
		err := checkFile(name)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.40q: %v, want %q", name, err, want)
		}
	}
}

// FuzzFiles writes files nowhere but below their folder.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"1/model.onnx", "1/../../x", "1/a/../b", "1//x", "2/\x00", "1/\xff"} {
		f.Add(name, "1/a")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		dir := t.TempDir()
		_ = writeFiles(dir+"/m", map[string][]byte{one: nil, two: nil})
		left, err := os.ReadDir(dir)
		var names []string
		for _, e := range left {
			names = append(names, e.Name())
		}
		if err != nil || len(names) > 1 || len(names) == 1 && cmp.Diff(names, []string{"m"}) != "" {
			t.Errorf("%q and %q leave %v, %v", one, two, names, err)
		}
	})
}
