//go:build cgo && (linux || darwin)

package onnx

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

func TestEntry(t *testing.T) {
	var set catalog.Set
	Register(&set, testOptions())
	entry := set.Runtime("onnx")
	want := []string{"ONNXModelServer", "mlrun.frameworks.onnx.ONNXModelServer"}
	if diff := cmp.Diff(want, entry.Classes); diff != "" || entry.Suffix != ".onnx" {
		t.Errorf("suffix %q, classes (-want +got):\n%s", entry.Suffix, diff)
	}
	version, err := entry.Probe()
	if err != nil || !newEnough(version) {
		t.Errorf("version %q, %v", version, err)
	}
}

// TestProbeStartsNothing makes sure that to ask for the version costs no start
// of the library.
func TestProbeStartsNothing(t *testing.T) {
	e := testEngine(t)
	if e.lib.api != nil {
		t.Error("the library has been started")
	}
}

// build compiles a library of a few lines of C.
func build(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	c, lib := filepath.Join(dir, "lib.c"), filepath.Join(dir, "libonnxruntime.so")
	if err := os.WriteFile(c, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	cc, err := exec.Command("go", "env", "CC").Output()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(strings.TrimSpace(string(cc)), "-shared", "-fPIC", "-o", lib, c).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	return lib
}

// pretend is a library that says it is of that version and has nothing.
func pretend(version string) string {
	return `typedef struct { const void *(*api)(unsigned); const char *(*version)(void); } base;
static const void *api(unsigned v) { return 0; }
static const char *version(void) { return "` + version + `"; }
const base *OrtGetApiBase(void) { static const base b = {api, version}; return &b; }`
}

func TestWrongLibraries(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libonnxruntime.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, library string
		want          []string
	}{
		{"text", text, []string{"open " + text}},
		{"another library", build(t, "int f(void) { return 1; }"), []string{"it has no function OrtGetApiBase"}},
		{"nothing in it", build(t, "void *OrtGetApiBase(void) { return 0; }"), []string{"OrtGetApiBase returned nothing"}},
		{"too old", build(t, pretend("1.23.2")), []string{`is version "1.23.2", but 1.24 or newer is needed`}},
		{"no version", build(t, pretend("abc")), []string{`is version "abc"`}},
		{"absent", filepath.Join(t.TempDir(), "none.so"), []string{"--onnxruntime names", "no such file"}},
		{"folder without it", t.TempDir(), []string{"the folder does not have it"}},
		{"a name that the system does not know", "libnone-of-that-name.so", []string{"libnone-of-that-name.so"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := &engine{options: Options{Library: test.library}}
			_, err := e.probe()
			_, loadErr := e.Load(t.Context(), &serve.Artifact{File: testdata("mlp")}, serve.ModelSpec{})
			if err == nil || loadErr == nil || err.Error() != loadErr.Error() {
				t.Fatalf("probe: %v, load: %v", err, loadErr)
			}
			for _, want := range append(test.want, filepath.Base(test.library), "make setup", "pip download onnxruntime") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q has no %q", err, want)
				}
			}
		})
	}
	t.Run("without the interface it should have", func(t *testing.T) {
		e := &engine{options: Options{Library: build(t, pretend("1.24.0"))}}
		if version, err := e.probe(); version != "1.24.0" || err != nil {
			t.Fatalf("probe: %q, %v", version, err)
		}
		_, err := e.Load(t.Context(), &serve.Artifact{File: testdata("mlp")}, serve.ModelSpec{})
		if err == nil || !strings.Contains(err.Error(), "does not have the interface of version 1.24") {
			t.Error(err)
		}
	})
}

// TestInstalledLater makes sure that a failure is not remembered.
func TestInstalledLater(t *testing.T) {
	dir := t.TempDir()
	e := &engine{options: Options{Library: dir}}
	if _, err := e.probe(); err == nil {
		t.Fatal("an empty folder has the library")
	}
	if err := os.Rename(build(t, pretend("1.30.1")), filepath.Join(dir, libraryName())); err != nil {
		t.Fatal(err)
	}
	if version, err := e.probe(); version != "1.30.1" || err != nil {
		t.Errorf("%q, %v", version, err)
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"1.24.0": true, "1.27.0": true, "1.30.0-dev": true, "2.0.0": true, "1.24": true,
		"1.23.2": false, "0.99.0": false, "": false, "one": false, "1": false, "1.x": false,
	} {
		if newEnough(version) != want {
			t.Errorf("newEnough(%q) is not %v", version, want)
		}
	}
}
