//go:build cgo && (linux || darwin)

package onnx

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// A library is ONNX Runtime, opened. It stays open for the life of the process:
// libraries with threads and tables of their own do not survive being closed.
type library struct {
	path, version string
	base          *apiBase
	api           *apiLibrary  // nil before start
	start         func() error // once, at the first model: it takes a while
}

// open opens the library that locate finds. Nothing in it runs yet.
func open(o Options) (*library, error) {
	paths, looked, err := locate(o)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		lib, openErr := openPath(path)
		if openErr == nil || len(looked) == 0 {
			return lib, openErr
		}
		if !isMissing(openErr) && err == nil {
			err = openErr
		}
	}
	if err == nil {
		err = fmt.Errorf("ONNX Runtime is not installed: it is not in %s, and the system does not have it; %s", strings.Join(looked, ", "), install)
	}
	return nil, err
}

// isMissing says whether the system's loader found no library of that name.
func isMissing(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "no such file") || strings.Contains(text, "image not found")
}

func openPath(path string) (*library, error) {
	base, version, err := apiOpen(path)
	if err != nil {
		return nil, fmt.Errorf("ONNX Runtime: open %s: %w; %s", path, err, install)
	}
	if !newEnough(version) {
		return nil, fmt.Errorf("ONNX Runtime: %s is version %q, but 1.%d or newer is needed; %s", path, version, apiVersion, install)
	}
	lib := &library{path: path, version: version, base: base}
	lib.start = sync.OnceValue(func() (err error) {
		if lib.api, err = apiStart(base); err != nil {
			return fmt.Errorf("ONNX Runtime: start %s, version %s: %w; %s", path, version, err, install)
		}
		return nil
	})
	return lib, nil
}

// newEnough says whether a version, "1.27.0" for example, has the interface,
// whose number is that of the minor version it came with.
func newEnough(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return errA == nil && errB == nil && (a > 1 || a == 1 && b >= apiVersion)
}
