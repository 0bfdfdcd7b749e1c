package filestate

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSame tells a change from none.
func TestSame(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(dir string) error
		same   bool
	}{
		{"nothing", func(string) error { return nil }, true},
		{"hidden", func(dir string) error { return os.WriteFile(dir+"/.x", nil, 0o600) }, true},
		{"written", func(dir string) error { return os.WriteFile(dir+"/a", []byte("two"), 0o600) }, false},
		{"longer", func(dir string) error { return appendTo(dir+"/a", dir+"/a") }, false},
		{"touched", func(dir string) error { return os.Chtimes(dir+"/a", time.Now(), time.Now()) }, false},
		{"added", func(dir string) error { return os.WriteFile(dir+"/b", nil, 0o600) }, false},
		{"added below", func(dir string) error { return os.WriteFile(dir+"/sub/b", nil, 0o600) }, false},
		{"removed", func(dir string) error { return os.Remove(dir + "/a") }, false},
		{"replaced by another alike", func(dir string) error {
			info, err := os.Stat(dir + "/a")
			return errors.Join(err, os.WriteFile(dir+"/.a", []byte("six"), 0o600),
				os.Chtimes(dir+"/.a", info.ModTime(), info.ModTime()), os.Rename(dir+"/.a", dir+"/a"))
		}, false},
		{"a link elsewhere", func(dir string) error {
			return errors.Join(os.Remove(dir+"/link"), os.Symlink("a", dir+"/link"))
		}, false},
		{"what was missing", func(dir string) error { return os.WriteFile(dir+"/../missing", nil, 0o600) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dir")
			err := errors.Join(os.MkdirAll(dir+"/sub", 0o700), os.WriteFile(dir+"/a", []byte("one"), 0o600),
				os.WriteFile(dir+"/sub/c", []byte("see"), 0o600), os.Symlink("sub/c", dir+"/link"))
			if err != nil {
				t.Fatal(err)
			}
			missing := filepath.Join(dir, "..", "missing")
			before := Look(dir, missing)
			if !before.Has(dir+"/a") || !before.Has(dir+"/sub/c") || before.Has(dir+"/b") {
				t.Errorf("it has %v", before.all)
			}
			time.Sleep(20 * time.Millisecond) // more than a step of any clock here
			if err := tt.change(dir); err != nil {
				t.Fatal(err)
			}
			if same := Look(dir, missing).Same(before); same != tt.same {
				t.Errorf("same %v, want %v", same, tt.same)
			}
		})
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// TestSure is sure of files that were written a while ago, and nothing else.
func TestSure(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for late := true; late; { // until it has been looked at soon enough
		begin := time.Now()
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		sure := Look(path).Sure()
		if late = time.Since(begin) > unsettled/2; sure && !late {
			t.Error("sure of a file that was written just now")
		}
	}
	time.Sleep(2 * unsettled)
	if !Look(path).Sure() || !Look().Sure() {
		t.Error("not sure of an old file, or of none")
	}
	if Look(path, filepath.Join(dir, "none")).Sure() {
		t.Error("sure of a file that is not there")
	}
	deep := filepath.Join(dir, strings.Repeat("d/", maxDepth+1))
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	if Look(dir).Sure() {
		t.Error("sure of a folder that it has not seen the end of")
	}
}

// TestBounded ends in folders that are linked into each other.
func TestBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range 30 {
		if err := os.Symlink(dir, filepath.Join(dir, strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if f := Look(dir); f.Sure() || f.looked > maxFiles+1 {
		t.Errorf("looked at %d, sure %v", f.looked, f.Sure())
	}
}
