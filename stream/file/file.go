// Package file keeps streams in files: file:///path is that exact path, and
// file:path is in the folder that the program has for them. They have one JSON
// record a line, which grep and jq read as it is. A file that has reached its
// size becomes path.1, in place of an older one.
//
// As a queue, the offsets of its consumer groups are in path.offsets, which is
// replaced as a whole. What Publish has returned for is on the disk; what a
// crash tore off is found and left out. One process has a file open at a time,
// to write and to read for groups, and path.lock says which.
package file

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// Defaults of the options of a URL.
const (
	DefaultSize   = 64 << 20               // max_size
	DefaultRecord = 64 << 20               // max_record
	DefaultSave   = 100 * time.Millisecond // ack_interval
)

// Files opens files. Streams of one path that it has open share the file, so a
// process has one Files. The zero value is ready to use, and safe for
// concurrent use.
type Files struct {
	// Logger is told about records that cannot be read; nil tells nobody.
	Logger *slog.Logger
	// Folder is where the paths of URLs are that have no leading slash; nil where
	// there is no such place.
	Folder Folder

	mu   sync.Mutex
	logs map[string]*log
}

// A Folder is the program's own place for streams. It is safe for concurrent use.
type Folder interface {
	// Path is the folder's, which need not be there.
	Path() string
	// Claim makes sure that no other process uses the folder. It is called before
	// anything is made there, and may be called often.
	Claim() error
}

// config is what the options of a URL say.
type config struct {
	path     string
	folder   Folder        // that path is in; nil for a path of its own
	size     int64         // of a file, from which it is rotated
	record   int64         // of the longest line
	commit   bool          // Publish waits until the disk has it
	interval time.Duration // otherwise: how often the disk gets it; 0 leaves it to the system
	save     time.Duration // how long acknowledgements may be late on the disk
}

// Open implements [driver.Open]. The options are
//
//   - max_size, of a file, from which it is rotated; 64MiB;
//   - max_record, the length of the longest line; 64MiB;
//   - sync: group (Publish waits until the disk has the records, and those who
//     publish at the same time share one wait), none (they survive the process,
//     not the machine), or a duration, at most which the disk is behind;
//   - ack_interval, how late acknowledgements may be on the disk; 100ms. Those
//     that a crash comes before are delivered again.
func (fs *Files) Open(_ context.Context, s driver.Source) (driver.Stream, driver.Traits, error) {
	c, err := fs.configOf(s)
	if err != nil {
		return nil, driver.Traits{}, err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	l := fs.logs[c.path]
	if l == nil {
		if fs.logs == nil {
			fs.logs = map[string]*log{}
		}
		l = newLog(c, fs.Logger)
		fs.logs[c.path] = l
	}
	l.users++
	return &stream{files: fs, log: l}, driver.Traits{Wraps: true}, nil
}

func (fs *Files) configOf(s driver.Source) (c config, err error) {
	if c.path, c.folder, err = fs.pathOf(s.URL); err != nil {
		return c, err
	}
	p := driver.ParamsOf(s.URL)
	c.size = p.Size("max_size", DefaultSize)
	c.record = p.Size("max_record", DefaultRecord)
	c.save = p.Duration("ack_interval", DefaultSave)
	switch sync := p.Text("sync", "group"); sync {
	case "group":
		c.commit = true
	case "none":
	default:
		if c.interval, err = time.ParseDuration(sync); err != nil || c.interval <= 0 {
			return c, errors.Join(p.Err(), fmt.Errorf("option sync must be group, none or a duration such as 100ms, found %q", sync))
		}
	}
	return c, p.Err()
}

// release closes a log that nobody uses any more.
func (fs *Files) release(l *log) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if l.users--; l.users > 0 {
		return nil
	}
	delete(fs.logs, l.path)
	return l.close()
}
