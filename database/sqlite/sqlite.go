// Package sqlite opens SQLite files: sqlite:///<path>, or sqlite:<path> where the
// path is relative. Importing it registers the scheme with package database. The
// file is made where it is missing, in a folder that is there.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/sqliteurl"
)

func init() { database.Register("sqlite", Open) }

// readers is how many lists are read at the same time.
const readers = 4

// patience is how long another may hold a lock that is waited for.
const patience = 5 * time.Second

// Open opens the file and makes it where it is missing. One connection writes and
// several read.
func Open(ctx context.Context, u *url.URL, _ database.Options) (*database.DB, error) {
	path, err := pathOf(u)
	if err != nil {
		return nil, err
	}
	write, err := connect(path, "&_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := connect(path, "&_query_only=1", readers)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	d := &database.DB{Name: path, Write: write, Read: read, Explain: explain, Dialect: goose.DialectSQLite3}
	if err = writable(path); err == nil {
		d.Check, err = there(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), d.Close())
	}
	if err := first(ctx, write); err != nil {
		return nil, errors.Join(d.Failed("open", err), d.Close())
	}
	return d, nil
}

// first connects. Of several that make a file at the same time, one has it keep a
// write-ahead log, and SQLite tells the others at once that it is busy, whatever
// time to wait they have set: each could be waiting for the other.
func first(ctx context.Context, db *sql.DB) error {
	for deadline := time.Now().Add(patience); ; {
		err := db.PingContext(ctx)
		if !busy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}

// writable makes the file, for its owner alone, or says why it cannot be written.
// What SQLite says of one is less clear.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return cause(err)
	}
	return f.Close()
}

// cause drops the path from an error that is told with the path in front.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

var errGone = errors.New("the file of the database is gone, or another is in its place")

// there returns what says whether the path still leads to the file that is open.
// Without it, records would go on into a file that nobody finds any more.
func there(path string) (func() error, error) {
	opened, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	return func() error {
		now, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return errGone
		case err != nil:
			return cause(err)
		case !os.SameFile(opened, now):
			return errGone
		}
		return nil
	}, nil
}

// pathOf is the path of the file, beside which the URL has nothing.
func pathOf(u *url.URL) (string, error) {
	if u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the URL of a SQLite file has a path and nothing else; ? and # in the path are written as %3F and %23")
	}
	return sqliteurl.Path(u)
}

// connect makes a pool of at most n connections. A name that is no column is an
// error, not text. Pages of a file that is made are large, since documents of a few
// kilobytes do not spill over into pages of their own then.
func connect(path, more string, n int) (*sql.DB, error) {
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_busy_timeout=" + strconv.FormatInt(patience.Milliseconds(), 10) +
		"&_dqs=0&_pragma=page_size(16384)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" + more)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// explain says what SQLite's result codes mean: https://www.sqlite.org/rescode.html.
func explain(err error) string {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return "the database is locked: another program has been writing to it for 5 seconds"
	case lib.SQLITE_NOTADB, lib.SQLITE_CORRUPT:
		return "the file is no SQLite database, or a damaged one"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return "the database cannot be written"
	case lib.SQLITE_FULL:
		return "the disk is full"
	case lib.SQLITE_IOERR:
		return fmt.Sprintf("the file cannot be read or written: the disk is full or broken, or files may not be so large (%v)", e)
	case lib.SQLITE_CANTOPEN:
		return "the file cannot be opened"
	}
	return ""
}
