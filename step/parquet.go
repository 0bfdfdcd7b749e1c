package step

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/parquet"
	"github.com/leat-ml/leat/serve"
)

// parquetTarget writes a row for every event to Parquet files, and passes the
// event on as it is, before it is written. Below a folder each batch is a file
// of its own, in the folder of its partition; a path that ends in .parquet or
// .pq is one file, which appears when the step is closed. Files are there as a
// whole or not at all.
type parquetTarget struct {
	parquetConfig
	input  string
	layout string
	one    bool // one file
	typed  []columnSpec
	rows   backlog[parquetRow]
	spool  spool // of the one file

	mu    sync.Mutex // of columns, until they are known
	known bool
}

type parquetConfig struct {
	Path       string          `arg:"path,required"`
	Index      []columnSpec    `arg:"index_cols"`
	Columns    []columnSpec    `arg:"columns"`
	Partition  []partitionSpec `arg:"partition_cols"`
	TimeField  instant         `arg:"time_field"`
	TimeFormat string          `arg:"time_format"`
	Infer      bool            `arg:"infer_columns_from_data"`
	Max        int             `arg:"max_events"`
	After      time.Duration   `arg:"flush_after_seconds"`
}

// A parquetRow is an event's row: the folder of its partition and its cells.
type parquetRow struct {
	dir   string
	cells []serve.Field
}

func newParquetTarget(a catalog.Args) (serve.Step, error) {
	c := parquetConfig{Max: 10_000, After: time.Minute}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if err := targetArgs(a); err != nil {
		return nil, err
	}
	var err error
	if c.Path, err = localPath(c.Path); err != nil {
		return nil, err
	}
	s := &parquetTarget{parquetConfig: c, input: a.InputPath}
	s.one = strings.HasSuffix(c.Path, ".parquet") || strings.HasSuffix(c.Path, ".pq")
	if err := s.check(); err != nil {
		return nil, err
	}
	if !s.one && c.Partition == nil {
		s.Partition = defaultPartition
	}
	s.Columns = slices.Concat(s.Index, c.Columns)
	s.known = len(c.Columns) > 0 && !c.Infer
	if s.layout, err = layoutOf(c.TimeFormat); err != nil {
		return nil, err
	}
	for _, col := range s.Columns {
		if col.kind != "" && !s.partitions(col.name) {
			s.typed = append(s.typed, col)
		}
	}
	write := s.writeFiles
	if s.one {
		write = s.spool.append
		s.spool.path = c.Path
		s.spool.kinds.declare(s.typed)
	}
	s.rows = backlog[parquetRow]{max: c.Max, after: c.After, write: write}
	return s, nil
}

func (s *parquetTarget) check() error {
	if s.Max < 1 {
		return configError("max_events", "must be a positive integer, found %d", s.Max)
	}
	if s.one && len(s.Partition) > 0 {
		return configError("partition_cols", "needs a folder as path, and %q is one file", s.Path)
	}
	all := slices.Concat(s.Index, s.Columns)
	for _, c := range all {
		if c.kind == "" {
			continue
		}
		if _, ok := parquetKinds[c.kind]; !ok {
			return configError("columns", "has the type %q, which is none of %s", c.kind, strings.Join(sortedKeys(parquetKinds), ", "))
		}
	}
	return checkColumns("columns", all)
}

// OwnPaths tells the engine that input_path is what is written of the body.
func (s *parquetTarget) OwnPaths() bool { return true }

// Start implements [serve.Starter]: it makes the folder.
func (s *parquetTarget) Start(context.Context) error {
	dir := s.Path
	if s.one {
		dir = filepath.Dir(dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder to share
		return fmt.Errorf("make the folder of Parquet files: %w", err)
	}
	return nil
}

func (s *parquetTarget) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	body, err := objectOf(ev.Body, s.input)
	if err != nil {
		return serve.Pass, err
	}
	r := parquetRow{}
	if r.dir, err = s.folder(ctx, ev, body); err != nil {
		return serve.Pass, err
	}
	if r.cells, err = s.cells(ev, body); err != nil {
		return serve.Pass, err
	}
	return serve.Pass, s.rows.add(ctx, r)
}

// cells are the values of an event's row: those of the columns, or, where there
// are none, of the fields that it has. What it is partitioned by is in the name
// of its folder.
func (s *parquetTarget) cells(ev *serve.Event, body *serve.Object) ([]serve.Field, error) {
	columns := s.columnsFor(body)
	cells := make([]serve.Field, 0, len(columns))
	for i := range columns {
		c := &columns[i]
		if s.partitions(c.name) {
			continue
		}
		v, err := cast(c, c.value(ev, body))
		if err != nil {
			return nil, err
		}
		cells = append(cells, serve.Field{Key: c.name, Value: v})
	}
	return cells, nil
}

func (s *parquetTarget) columnsFor(body *serve.Object) []columnSpec {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.known:
	case s.Infer:
		s.Columns, s.known = inferred(s.Columns, body), true
	default: // every row has its own
		return inferred(s.Columns, body)
	}
	return s.Columns
}

// writeFiles writes a file for each partition that the rows are of. They get
// their names when all of them are written, so that rows which have to be
// written again are not there twice.
func (s *parquetTarget) writeFiles(rows []parquetRow) error {
	byDir := map[string][]parquetRow{}
	for _, r := range rows {
		byDir[r.dir] = append(byDir[r.dir], r)
	}
	type made struct {
		tmp  *os.File
		path string
	}
	var files []made
	var err error
	for _, dir := range sortedKeys(byDir) {
		var f made
		if f.tmp, err = s.writeFile(dir, byDir[dir]); err != nil {
			break
		}
		f.path = filepath.Join(filepath.Dir(f.tmp.Name()), new(serve.Event).Identify()+".parquet")
		files = append(files, f)
	}
	for _, f := range files {
		if late := finish(f.tmp, f.path, err); err == nil {
			err = late
		}
	}
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// writeFile writes rows to a temporary file in the folder of a partition.
func (s *parquetTarget) writeFile(dir string, rows []parquetRow) (*os.File, error) {
	path := filepath.Join(s.Path, dir)
	if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // a folder to share
		return nil, err
	}
	tmp, err := os.CreateTemp(path, ".*.parquet.tmp")
	if err != nil {
		return nil, err
	}
	var t kinds
	t.declare(s.typed)
	for _, r := range rows {
		t.see(r.cells)
	}
	w := parquet.NewWriter(tmp, t.columns)
	if err = w.Write(t.table(rows)); err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
	}
	return tmp, nil
}

// Close implements [serve.Closer]: it writes what is left.
func (s *parquetTarget) Close(ctx context.Context) error {
	err := s.rows.close(ctx)
	if s.one && err == nil {
		err = s.spool.finish()
	}
	return err
}
