package server

import (
	"context"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/internal/filestate"
	"github.com/leat-ml/leat/v2"
)

// An origin is the files that a model is loaded from, as they are. They are not
// read for it, which would take as long as loading them. It is nil where they
// cannot be told.
type origin struct {
	files *filestate.Files
	name  string // of what never changes, in a registry
}

// note keeps what the files of a model are like before it is loaded.
func (c *Config) note(s *v2.Server) {
	if artifact.IsRef(s.Path) {
		s.Origin = c.registered(s.Path)
		return
	}
	s.Origin = originOf(c.place(s.Path))
}

// asking bounds how long a registry is asked what a reference leads to now.
const asking = 5 * time.Second

// registered is the origin of what a registry knows: the tree that a reference
// leads to now.
func (c *Config) registered(path string) *origin {
	ctx, cancel := context.WithTimeout(context.Background(), asking)
	defer cancel()
	name, err := c.Artifacts.Name(ctx, c.request(path, ""))
	if err != nil {
		return nil // loading it tells why
	}
	return &origin{name: name}
}

// originOf looks at the files of a model's path: the file, or all in the folder.
// An ONNX model and a description may have others beside them.
func originOf(path string) *origin {
	if path == "" {
		return &origin{files: filestate.Look()}
	}
	local, ok := localFile(path)
	if !ok {
		return nil
	}
	paths := []string{local}
	switch ext := strings.ToLower(filepath.Ext(local)); ext {
	case ".onnx", ".yaml":
		paths = append(paths, beside(local, ext)...)
	}
	files := filestate.Look(paths...)
	if a, err := artifact.Open(context.Background(), path, ""); err == nil && !files.Has(a.File) {
		files = filestate.Look(append(paths, a.File)...) // a description names it, and it lies elsewhere
	}
	return &origin{files: files}
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

// beside are the files in the folder of a model's file that may be a part of it:
// not further models of its kind, nor what people write.
func beside(file, ext string) []string {
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		return nil // the file itself cannot be seen then
	}
	var all []string
	for _, e := range entries {
		switch other := strings.ToLower(filepath.Ext(e.Name())); other {
		case ext, ".yaml", ".yml", ".json", ".md", ".txt", ".log", ".py":
		default:
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				all = append(all, filepath.Join(filepath.Dir(file), e.Name()))
			}
		}
	}
	return all
}

// sameOrigin says whether two models have the same files, for sure.
func sameOrigin(a, b *v2.Server) bool {
	x, _ := a.Origin.(*origin)
	y, _ := b.Origin.(*origin)
	switch {
	case x == nil || y == nil:
		return false
	case x.files == nil || y.files == nil:
		return x.name != "" && x.name == y.name
	}
	return y.files.Sure() && x.files.Same(y.files)
}
