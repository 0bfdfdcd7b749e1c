package python

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// program is the worker's side. Its tests and what Python compiled are no part
// of it.
//
//go:embed worker/leat_worker/*.py worker/shim/*.py worker/shim/*/*.py worker/shim/*/*/*.py
var program embed.FS

// A source is a file of the program.
type source struct {
	name string // with slashes: "leat_worker/__main__.py"
	text []byte
}

// sources are the files of the program, by name.
func sources() (all []source, err error) {
	err = fs.WalkDir(program, "worker", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".py" {
			return err
		}
		text, err := program.ReadFile(name)
		all = append(all, source{strings.TrimPrefix(name, "worker/"), text})
		return err
	})
	return all, err
}

// install puts the program into a folder below base that is named for its
// content, unless it is there, and returns the folder. Nobody else can write to
// it, and it is there as a whole or not at all.
func install(base string) (dir string, err error) {
	files, err := sources()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, f := range files {
		fmt.Fprintf(sum, "%s %d\n", f.name, len(f.text))
		sum.Write(f.text)
	}
	dir = filepath.Join(base, "python-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if intact(dir, files) {
		return dir, nil
	}
	if err = private(base); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(base, ".python-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(fresh)) }()
	for _, f := range files {
		if err := f.write(fresh); err != nil {
			return "", err
		}
	}
	return dir, place(fresh, dir, files)
}

// private makes a folder that only this user can change, or sees that it is one.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err == nil && (!info.IsDir() || info.Mode().Perm()&0o022 != 0 || !mine(info)) {
		err = fmt.Errorf("%s can be changed by others", dir)
	}
	return err
}

// place has fresh be dir, unless another process was quicker. What is there and
// is not the program goes.
func place(fresh, dir string, files []source) error {
	if os.Rename(fresh, dir) == nil || intact(dir, files) {
		return nil
	}
	if err := os.Rename(dir, fresh+"-old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil && !intact(dir, files) {
		return err
	}
	return os.RemoveAll(fresh + "-old")
}

func (f *source) write(dir string) error {
	name := filepath.Join(dir, filepath.FromSlash(f.name))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, f.text, 0o600)
}

// intact says whether the folder has the program and only this user can change
// it.
func intact(dir string, files []source) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 || !mine(info) {
		return false
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.name)))
		if err != nil || !bytes.Equal(text, f.text) {
			return false
		}
	}
	return true
}

// installed installs the program where caches of the user are, or, where they
// cannot be written, among temporary files.
func installed() (string, error) {
	dir, err := inCache(install)
	if err != nil {
		return "", fmt.Errorf("put the Python worker into a folder: %w", err)
	}
	return dir, nil
}

// inCache has something be put where caches of the user are, or else among
// temporary files.
func inCache(put func(base string) (string, error)) (string, error) {
	var first error
	if cache, err := os.UserCacheDir(); err == nil {
		dir, err := put(filepath.Join(cache, "leat"))
		if err == nil {
			return dir, nil
		}
		first = err
	}
	dir, err := put(filepath.Join(os.TempDir(), fmt.Sprintf("leat-%d", os.Getuid())))
	if err != nil {
		return "", errors.Join(first, err)
	}
	return dir, nil
}
