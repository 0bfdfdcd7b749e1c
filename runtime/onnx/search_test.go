package onnx

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// put makes an empty file, and the folders above it, and returns its real path.
func put(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func libraryName() string {
	names, _ := libraryNames()
	return names[0]
}

func TestNamedLibrary(t *testing.T) {
	flag, env := put(t, t.TempDir(), "a.so"), put(t, t.TempDir(), libraryName())
	for _, test := range []struct {
		name, flag, env, want, err string
	}{
		{"flag", flag, "", flag, ""},
		{"flag before environment", flag, env, flag, ""},
		{"environment", "", env, env, ""},
		{"folder", filepath.Dir(env), "", env, ""},
		{"the system's", "libonnxruntime-mine.so", "", "libonnxruntime-mine.so", ""},
		{"absent file of the flag", filepath.Join(t.TempDir(), "x.so"), env, "", "--onnxruntime names"},
		{"absent file of the environment", "", filepath.Join(t.TempDir(), "x.so"), "", "LEAT_ONNXRUNTIME names"},
		{"folder without it", t.TempDir(), "", "", "the folder does not have it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(variable, test.env)
			paths, _, err := locate(Options{Library: test.flag})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), "make setup") {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if err != nil || !slices.Equal(paths, []string{test.want}) {
				t.Errorf("%q, %v, want %q", paths, err, test.want)
			}
		})
	}
}

func TestFoundLibrary(t *testing.T) {
	t.Setenv(variable, "")
	t.Chdir(t.TempDir())
	dirs := folders()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(dirs, filepath.Join(filepath.Dir(exe), "lib")) || !slices.Contains(dirs, filepath.Join(filepath.Dir(filepath.Dir(exe)), "lib")) {
		t.Errorf("the folders beside %s are not among %q", exe, dirs)
	}
	paths, looked, err := locate(Options{})
	if err != nil || !slices.Equal(looked, dirs) || !slices.Contains(paths, libraryName()) || !strings.Contains(paths[0], ".1") {
		t.Errorf("without it: %q, %q, %v", paths, looked, err)
	}
	put(t, "lib", libraryName())
	want, err := filepath.Abs(filepath.Join("lib", libraryName()))
	if err != nil {
		t.Fatal(err)
	}
	if paths, _, err := locate(Options{}); err != nil || !slices.Equal(paths, []string{want}) {
		t.Errorf("in the working folder: %q, %v, want %q", paths, err, want)
	}
}

func TestLibraryIn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the names are those of Linux")
	}
	dir := t.TempDir()
	for _, name := range []string{"libonnxruntime_providers_shared.so", "libonnxruntime.so.1.27.0", "libonnxruntime.so.1", "libonnxruntime.so"} {
		file, want := put(t, dir, name), filepath.Join(dir, name)
		if strings.Contains(name, "providers") {
			want = ""
		}
		if got := libraryIn(dir); got != want {
			t.Errorf("with %s: %q, want %q", file, got, want)
		}
	}
	if got := libraryIn(filepath.Join(dir, "none")); got != "" {
		t.Errorf("in a folder that is not there: %q", got)
	}
}
