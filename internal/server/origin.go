package server

import (
	"context"
	"io/fs"
	neturl "net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/v2"
)

const (
	// maxOrigin is how many files of one model are looked at.
	maxOrigin = 10_000
	// maxOriginDepth is how many folders deep they may lie.
	maxOriginDepth = 8
	// unsettled is how old a change must be for its time to tell it from the next:
	// the clocks of file systems have steps.
	unsettled = 100 * time.Millisecond
)

// An origin is the files that a model is loaded from, as they are: which, how
// large, when written. Files are not read, which would take as long as loading
// them: a file that is replaced is another one on its file system, and one that
// is written to has another time.
type origin struct {
	path  string
	files []originFile
	known bool // all files were seen, and none is so new that a change might not show
}

type originFile struct {
	path    string
	info    fs.FileInfo
	changed time.Time // when its inode was, where that is told
}

// note keeps what the files of a model are like before it is loaded.
func note(s *v2.Server) { s.Origin = originOf(s.Path) }

// originOf looks at the files of a model's path: the file, or all in the folder.
// An ONNX model and a description may have others beside them. Links are
// followed.
func originOf(path string) origin {
	o := origin{path: path, known: true}
	if path == "" {
		return o
	}
	local, ok := localFile(path)
	if !ok {
		return origin{path: path}
	}
	o.add(local, 0)
	switch ext := strings.ToLower(filepath.Ext(local)); ext {
	case ".onnx", ".yaml":
		o.beside(local, ext)
	}
	if d, err := artifact.Open(context.Background(), path, ""); err == nil && !o.has(d.File) {
		o.add(d.File, 0) // a description names it, and it lies elsewhere
	}
	now := time.Now()
	for _, f := range o.files {
		if now.Sub(f.info.ModTime()).Abs() < unsettled || now.Sub(f.changed).Abs() < unsettled {
			o.known = false
		}
	}
	return o
}

func (o *origin) has(path string) bool {
	return slices.ContainsFunc(o.files, func(f originFile) bool { return f.path == path })
}

func localFile(path string) (string, bool) {
	if !strings.Contains(path, "://") {
		return path, true
	}
	u, err := neturl.Parse(path)
	if err != nil || !strings.EqualFold(u.Scheme, "file") {
		return "", false
	}
	return u.Path, true
}

// add adds a file, or what is in a folder.
func (o *origin) add(path string, depth int) {
	info, err := os.Stat(path)
	if err != nil || len(o.files) >= maxOrigin || depth > maxOriginDepth {
		o.known = false
		return
	}
	if !info.IsDir() {
		o.files = append(o.files, originFile{path, info, inodeChanged(info)})
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		o.known = false
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			o.add(filepath.Join(path, e.Name()), depth+1)
		}
	}
}

// beside adds the files in the folder of a model's file that may be a part of
// it: not further models of its kind, nor what people write.
func (o *origin) beside(file, ext string) {
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		o.known = false
	}
	for _, e := range entries {
		switch other := strings.ToLower(filepath.Ext(e.Name())); other {
		case ext, ".yaml", ".yml", ".json", ".md", ".txt", ".log", ".py":
		default:
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				o.add(filepath.Join(filepath.Dir(file), e.Name()), maxOriginDepth)
			}
		}
	}
}

// same says whether nothing has changed between the two.
func (o origin) same(p origin) bool {
	if !o.known || !p.known || o.path != p.path || len(o.files) != len(p.files) {
		return false
	}
	for i, a := range o.files {
		b := p.files[i]
		if a.path != b.path || !a.changed.Equal(b.changed) || a.info.Size() != b.info.Size() ||
			!a.info.ModTime().Equal(b.info.ModTime()) || !os.SameFile(a.info, b.info) {
			return false
		}
	}
	return true
}
