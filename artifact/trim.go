package artifact

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// trim removes the views that were not used for longest, and what only they had,
// until the blobs are within their bound. What is in use stays, so that they may
// be above it. It is one process's at a time: another has seen the same. While files
// are brought nothing is removed: whoever brings them trims in the end.
func (c *Cache) trim() {
	most := cmp.Or(c.MaxBytes, DefaultCacheBytes)
	if c.blobBytes() <= most {
		return
	}
	once, cancel := context.WithCancel(context.Background())
	cancel() // does not wait for the lock
	trimming, err := c.lock(once, c.path(bringLock), syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer trimming.Close()
	c.dropBlobs()
	for _, id := range c.oldViews() {
		if c.blobBytes() <= most {
			return
		}
		c.dropView(once, id)
		c.dropBlobs()
	}
}

// bringLock is the file whose lock is shared by those who bring files.
const bringLock = "bring.lock"

// bringing keeps what is brought from being trimmed until done is called: the first
// files of an artifact have no view as long as the others are on their way.
func (c *Cache) bringing(ctx context.Context) (done func(), err error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	held, err := c.lock(ctx, c.path(bringLock), syscall.LOCK_SH)
	if err != nil {
		return nil, inCache(err)
	}
	return func() {
		_ = syscall.Flock(int(held.Fd()), syscall.LOCK_UN) // a program that is being started has the file open, too
		_ = held.Close()
		c.trim()
	}, nil
}

// blobBytes is the size of all blobs.
func (c *Cache) blobBytes() (n int64) {
	for _, info := range infos(c.path("blobs")) {
		n += info.Size()
	}
	return n
}

// oldViews are the ids of all views, by when they were used.
func (c *Cache) oldViews() (ids []string) {
	all := infos(c.path("views"))
	slices.SortFunc(all, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range all {
		if id, ok := strings.CutSuffix(info.Name(), ".lock"); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// dropView removes a view that nobody holds.
func (c *Cache) dropView(once context.Context, id string) {
	dir := c.path("views", id)
	held, err := c.lock(once, dir+".lock", syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer held.Close()
	if os.RemoveAll(dir) == nil {
		// Who waits for the lock of a file that is gone makes the view anew.
		_, _ = os.Remove(dir+".making"), os.Remove(dir+".lock")
	}
}

// dropBlobs removes the blobs that no view has. Other names of theirs are a few
// bytes each, and stay.
func (c *Cache) dropBlobs() {
	for _, info := range infos(c.path("blobs")) {
		st, ok := info.Sys().(*syscall.Stat_t)
		if ok && st.Nlink == 1 && info.Size() > aliasSize {
			_ = os.Remove(filepath.Join(c.Dir, "blobs", info.Name())) // the next one tries again
		}
	}
}

// aliasSize is that of another name of a blob: the digest of it.
const aliasSize = int64(len(sha256Prefix)) + 64

// infos are the plain files in a folder.
func infos(dir string) (all []fs.FileInfo) {
	entries, _ := os.ReadDir(dir) // an empty list has nothing to remove
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			all = append(all, info)
		}
	}
	return all
}
