package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// variable is the environment variable that names the library.
const variable = "LEAT_ONNXRUNTIME"

// libraryNames are the names of the library on this system, and the patterns of
// names that carry its version.
func libraryNames() (names, patterns []string) {
	if runtime.GOOS == "darwin" {
		return []string{"libonnxruntime.dylib", "libonnxruntime.1.dylib"}, []string{"libonnxruntime.1.*.dylib"}
	}
	return []string{"libonnxruntime.so", "libonnxruntime.so.1"}, []string{"libonnxruntime.so.1.*"}
}

// locate finds the library: its path, or names for the system's loader to look
// up. looked are the folders that do not have it.
func locate(o Options) (paths, looked []string, err error) {
	named, by := o.Library, "--onnxruntime"
	if named == "" {
		named, by = os.Getenv(variable), variable
	}
	if named != "" {
		path, err := explicit(named)
		if err != nil {
			return nil, nil, fmt.Errorf("ONNX Runtime: %s names %s: %w; %s", by, named, err, install)
		}
		return []string{path}, nil, nil
	}
	for _, dir := range folders() {
		if path := libraryIn(dir); path != "" {
			return []string{path}, nil, nil
		}
		looked = append(looked, dir)
	}
	names, _ := libraryNames()
	slices.Reverse(names) // the name with the version of the interface first
	return names, looked, nil
}

// explicit is the library that a user named: a file, a folder that has it, or a
// bare name that the system's loader knows.
func explicit(named string) (string, error) {
	info, err := os.Stat(named)
	switch {
	case errors.Is(err, os.ErrNotExist) && !strings.ContainsRune(named, filepath.Separator):
		return named, nil
	case err != nil:
		return "", errors.Unwrap(err)
	case !info.IsDir():
		return filepath.Abs(named)
	}
	if path := libraryIn(named); path != "" {
		return path, nil
	}
	return "", errors.New("the folder does not have it")
}

// folders are where the library is looked for unless it is named.
func folders() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		dirs = append(dirs, filepath.Join(dir, "lib"), filepath.Join(filepath.Dir(dir), "lib"))
	}
	if here, err := filepath.Abs("lib"); err == nil && !slices.Contains(dirs, here) {
		dirs = append(dirs, here)
	}
	return dirs
}

// libraryIn is the absolute path of the library in a folder; "" if it has none.
func libraryIn(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	names, patterns := libraryNames()
	for _, name := range names {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	for _, pattern := range patterns {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is well-formed
		if len(found) > 0 && isFile(found[len(found)-1]) {
			return found[len(found)-1]
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
