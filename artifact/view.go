package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A part is one file of an artifact in the cache.
type part struct {
	name string // within the artifact, with slashes
	fetched
}

// view returns a folder that has the parts under their names, and nothing else. The
// folder is named for what is in it: the same parts are in the same folder, in
// every process, and stay there until the cache is closed.
func (c *Cache) view(ctx context.Context, parts []part) (dir string, err error) {
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%s\x00%s\n", p.name, p.sum)
	}
	id := hex.EncodeToString(h.Sum(nil)[:16])
	if err := c.hold(ctx, id); err != nil {
		return "", inCache(err)
	}
	dir = c.path("views", id)
	if whole(ctx, dir, parts) {
		return dir, nil
	}
	making, err := c.lock(ctx, dir+".making", syscall.LOCK_EX)
	if err != nil {
		return "", inCache(err)
	}
	defer making.Close()
	if whole(ctx, dir, parts) { // another has made it meanwhile
		return dir, nil
	}
	if err := c.link(dir, parts); err != nil {
		return "", inCache(err)
	}
	return dir, nil
}

// hold keeps a view from being removed by those who share the cache, and marks it
// as used now.
func (c *Cache) hold(ctx context.Context, id string) error {
	lock := c.path("views", id+".lock")
	c.mu.Lock()
	f := c.held[id]
	c.mu.Unlock()
	if f != nil {
		return os.Chtimes(lock, time.Time{}, time.Now())
	}
	f, err := c.lock(ctx, lock, syscall.LOCK_SH)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[id] != nil || c.closed {
		return f.Close()
	}
	if c.held == nil {
		c.held = map[string]*os.File{}
	}
	c.held[id] = f
	return os.Chtimes(lock, time.Time{}, time.Now())
}

// whole says whether a view has its parts. Each is the blob that has just been
// compared with its checksum, or else is compared itself.
func whole(ctx context.Context, dir string, parts []part) bool {
	for _, p := range parts {
		path := filepath.Join(dir, filepath.FromSlash(p.name))
		here, err := os.Stat(path)
		if err != nil {
			return false
		}
		if blob, err := os.Stat(p.path); err == nil && os.SameFile(here, blob) {
			continue
		}
		if verify(ctx, path, p.sum) != nil {
			return false
		}
	}
	return true
}

// link makes a view beside its place and puts it there.
func (c *Cache) link(dir string, parts []part) error {
	made, err := os.MkdirTemp(c.path("tmp"), "view-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(made)
	for _, p := range parts {
		path := filepath.Join(made, filepath.FromSlash(p.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.Link(p.path, path); errors.Is(err, fs.ErrNotExist) {
			return err
		} else if err != nil { // not every file system has links
			if err := copyFile(path, p.path); err != nil {
				return err
			}
		}
	}
	if _, err := os.Lstat(dir); err == nil { // damaged
		if err := os.Rename(dir, made+"-damaged"); err != nil {
			return err
		}
		defer os.RemoveAll(made + "-damaged")
	}
	return os.Rename(made, dir)
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
