// Package filestate tells whether files have changed without reading them:
// [Look] notes which there are, how large, when written, and which inode. A file
// that is replaced by another is another one; one that is written to has another
// time.
package filestate

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	maxFiles = 10_000 // and folders that one look takes in
	maxDepth = 8      // folders deep
	// unsettled is how old a change must be for its time to tell it from the next:
	// the clocks of file systems have steps.
	unsettled = 100 * time.Millisecond
)

// Files are files as they were at one time. The zero value is none.
type Files struct {
	all     []file
	seen    time.Time
	looked  int // at files and folders
	partial bool
}

type file struct {
	path    string
	info    fs.FileInfo // nil if there is none
	changed time.Time   // when its inode was, where that is told
}

// Look looks at the paths, in folders at everything but what is hidden. Links
// are followed. A path at which there is nothing is noted as that.
func Look(paths ...string) *Files {
	f := &Files{seen: time.Now()}
	for _, p := range paths {
		f.add(p, 0)
	}
	return f
}

func (f *Files) add(path string, depth int) {
	if f.looked++; f.looked > maxFiles || depth > maxDepth {
		f.partial = true
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.all = append(f.all, file{path: path})
	case info.IsDir():
		f.folder(path, depth)
	default:
		f.all = append(f.all, file{path, info, inodeChanged(info)})
	}
}

func (f *Files) folder(path string, depth int) {
	entries, err := os.ReadDir(path)
	if err != nil {
		f.partial = true
	}
	for _, e := range entries {
		if f.looked > maxFiles {
			return
		}
		if !strings.HasPrefix(e.Name(), ".") {
			f.add(filepath.Join(path, e.Name()), depth+1)
		}
	}
}

// Has says whether a path was looked at and is that of a file.
func (f *Files) Has(path string) bool {
	for i := range f.all {
		if f.all[i].path == path {
			return true
		}
	}
	return false
}

// Sure says whether Same can be relied on: everything was seen, and nothing is
// so new that a further change might not show.
func (f *Files) Sure() bool {
	for i := range f.all {
		x := &f.all[i]
		if x.info == nil || f.seen.Sub(x.info.ModTime()).Abs() < unsettled || f.seen.Sub(x.changed).Abs() < unsettled {
			return false
		}
	}
	return !f.partial
}

// Same says whether nothing differs between f and g as far as was seen.
func (f *Files) Same(g *Files) bool {
	if len(f.all) != len(g.all) {
		return false
	}
	for i := range f.all {
		if !f.all[i].same(&g.all[i]) {
			return false
		}
	}
	return true
}

func (a *file) same(b *file) bool {
	if a.info == nil || b.info == nil {
		return a.path == b.path && a.info == nil && b.info == nil
	}
	return a.path == b.path && a.changed.Equal(b.changed) && a.info.Size() == b.info.Size() &&
		a.info.ModTime().Equal(b.info.ModTime()) && os.SameFile(a.info, b.info)
}
