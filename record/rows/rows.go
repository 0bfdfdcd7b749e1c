// Package rows writes the inferences of records as Parquet files, one row a sample, in
// the folders and columns that MLRun's monitoring has them in: [New].
//
// The files are below key=<uid>/year=YYYY/month=MM/day=DD/hour=HH, as in
// ParquetTarget of mlrun/datastore/targets.py, which the monitoring stream of MLRun
// writes to (model_monitoring/stream_processing.py).
package rows

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/leat-ml/leat/parquet"
	"github.com/leat-ml/leat/record"
)

// Defaults of [Options], which are MLRun's.
const (
	DefaultRows  = 10_000
	DefaultAfter = time.Minute
)

// Options say where rows go.
type Options struct {
	Folder string
	// UID is the uid of a model's endpoint; an error leaves the model out.
	UID    func(function, model, version string) (string, error)
	Rows   int           // of a file; 0 means [DefaultRows]
	After  time.Duration // a file is written although it is not full; 0 means [DefaultAfter]
	Logger *slog.Logger  // nil tells nobody
}

// A Writer writes rows. It is a [record.RowWriter], safe for concurrent use. What it
// cannot write is logged and left out.
type Writer struct {
	Options
	mu     sync.Mutex
	tables map[string]*table // by their folder
	timer  *time.Timer       // nil while there are no rows
	failed bool              // it has been told
}

// New returns a writer, which makes nothing yet.
func New(o Options) *Writer {
	o.Rows, o.After = cmp.Or(o.Rows, DefaultRows), cmp.Or(o.After, DefaultAfter)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Writer{Options: o, tables: map[string]*table{}}
}

// Add implements [record.RowWriter]. Failures have no rows.
func (w *Writer) Add(r *record.Record) {
	if r.Failed() {
		return
	}
	uid, err := w.UID(r.Function, r.Model, r.Version)
	if err != nil {
		w.fail(err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at := r.Start.UTC()
	dir := filepath.Join(w.Folder, "key="+uid, at.Format("year=2006/month=01/day=02"), at.Format("hour=15"))
	t := w.tables[dir]
	if t == nil {
		t = &table{kinds: map[string]parquet.Kind{}}
		w.tables[dir] = t
	}
	t.add(r, uid)
	if w.timer == nil {
		w.timer = time.AfterFunc(w.After, w.flush)
	}
	if len(t.rows) >= w.Rows {
		w.write(dir, t)
		delete(w.tables, dir)
	}
}

func (w *Writer) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeAll()
}

func (w *Writer) writeAll() {
	for dir, t := range w.tables {
		w.write(dir, t)
	}
	clear(w.tables)
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// Close writes what there is.
func (w *Writer) Close() error {
	w.flush()
	return nil
}

func (w *Writer) fail(err error) {
	if !w.failed {
		w.failed = true
		w.Logger.Error("rows of inferences are not written; they are left out", "folder", w.Folder, "error", err)
	}
}

// write writes a file, which gets its name when it is whole.
func (w *Writer) write(dir string, t *table) {
	if err := writeFile(dir, t); err != nil {
		w.fail(err)
		return
	}
	w.failed = false
}

func writeFile(dir string, t *table) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder to share
		return fmt.Errorf("make a folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	p := parquet.NewWriter(f, t.columns)
	err = errors.Join(p.Write(t.cells()), p.Close(), f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return os.Rename(f.Name(), filepath.Join(dir, rand.Text()+".parquet"))
}

var _ record.RowWriter = (*Writer)(nil)
