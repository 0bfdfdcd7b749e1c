package filestate

import (
	"io/fs"
	"syscall"
	"time"
)

// inodeChanged is when the file's inode was last changed: a writer can set the
// time of the file back, but not this one.
func inodeChanged(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return time.Time{}
}
