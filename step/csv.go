package step

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// csvTarget appends a row for every event to a CSV file, and passes the event on
// as it is, before it is written. Rows are written in pieces, each whole or not
// at all.
type csvTarget struct {
	csvConfig
	input string
	rows  backlog[[]byte]

	mu      sync.Mutex // of columns, until they are known
	known   bool
	started bool // the file has been begun by this step
}

type csvConfig struct {
	Path    string        `arg:"path,required"`
	Columns []columnSpec  `arg:"columns"`
	Header  bool          `arg:"header"`
	Infer   *bool         `arg:"infer_columns_from_data"`
	Max     int           `arg:"max_events"`
	After   time.Duration `arg:"flush_after_seconds"`
	Append  bool          `arg:"append"`
}

func newCSVTarget(a catalog.Args) (serve.Step, error) {
	c := csvConfig{Max: 128, After: 3 * time.Second, Append: true}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	var err error
	if c.Path, err = localPath(c.Path); err != nil {
		return nil, err
	}
	if err := targetArgs(a); err != nil {
		return nil, err
	}
	if err := checkColumns("columns", c.Columns); err != nil {
		return nil, err
	}
	if c.Max < 1 {
		return nil, configError("max_events", "must be a positive integer, found %d", c.Max)
	}
	for _, col := range c.Columns {
		if col.kind != "" {
			return nil, configError("columns", "has a type for %q, and CSV has none", col.name)
		}
	}
	s := &csvTarget{csvConfig: c, input: a.InputPath}
	s.known = len(c.Columns) > 0 && (c.Infer == nil || !*c.Infer)
	s.rows = backlog[[]byte]{max: c.Max, after: c.After, write: s.write}
	return s, nil
}

// OwnPaths tells the engine that input_path is what is written of the body.
func (s *csvTarget) OwnPaths() bool { return true }

// Start implements [serve.Starter]: it makes the folder of the file.
func (s *csvTarget) Start(context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o755); err != nil { //nolint:gosec // a folder to share
		return fmt.Errorf("make the folder of a CSV file: %w", err)
	}
	return nil
}

func (s *csvTarget) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	body, err := view(ev.Body, s.input)
	if err != nil {
		return serve.Pass, err
	}
	line, err := s.line(ev, body)
	if err != nil {
		return serve.Pass, err
	}
	return serve.Pass, s.rows.add(ctx, line)
}

// line is the row of an event.
func (s *csvTarget) line(ev *serve.Event, body any) ([]byte, error) {
	if items, ok := elements(body); ok {
		return s.listLine(items)
	}
	o, ok := object(body)
	if !ok {
		return nil, typeError("a row of CSV is made of an object or a list, and the body is %s", args.Describe(body))
	}
	columns := s.columnsFor(o)
	cells := make([]string, len(columns))
	for i := range columns {
		var err error
		if cells[i], err = cell(columns[i].value(ev, o)); err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].name, err)
		}
	}
	return csvLine(cells)
}

// columnsFor are the columns, which the first event completes.
func (s *csvTarget) columnsFor(o *serve.Object) []columnSpec {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.known {
		s.Columns, s.known = inferred(s.Columns, o), true
	}
	return s.Columns
}

func (s *csvTarget) listLine(items []any) ([]byte, error) {
	s.mu.Lock()
	n, known := len(s.Columns), s.known
	s.mu.Unlock()
	switch {
	case !known && s.Header:
		return nil, typeError("columns must be given for events that are lists, to write the header")
	case known && n != len(items):
		return nil, typeError("the list has %d items, and there are %d columns", len(items), n)
	}
	cells := make([]string, len(items))
	for i, v := range items {
		var err error
		if cells[i], err = cell(v); err != nil {
			return nil, err
		}
	}
	return csvLine(cells)
}

// write writes lines, below a header where the file is new.
func (s *csvTarget) write(lines [][]byte) error {
	info, err := os.Stat(s.Path)
	fresh := err != nil || info.Size() == 0 || !s.Append && !s.started
	data := bytes.Join(lines, nil)
	if fresh && s.Header {
		s.mu.Lock()
		names := make([]string, len(s.Columns))
		for i := range names {
			names[i] = s.Columns[i].name
		}
		s.mu.Unlock()
		header, err := csvLine(names)
		if err != nil {
			return err
		}
		data = append(header, data...)
	}
	if !s.Append && !s.started {
		err = replaceFile(s.Path, data)
	} else {
		err = appendTo(s.Path, data)
	}
	if err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	s.started = true
	return nil
}

// Close implements [serve.Closer]: it writes what is left.
func (s *csvTarget) Close(ctx context.Context) error { return s.rows.close(ctx) }

// replaceFile writes a file as a whole: whoever reads it finds the old one or
// the new one.
func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	return finish(tmp, path, err)
}

// finish gives a temporary file its name, or removes it where err says that it
// could not be written.
func finish(tmp *os.File, path string, err error) error {
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if late := tmp.Close(); err == nil {
		err = late
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

func csvLine(cells []string) ([]byte, error) {
	if len(cells) == 1 && cells[0] == "" { // an empty line is no row
		return []byte("\"\"\n"), nil
	}
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	if err := w.Write(cells); err != nil {
		return nil, err
	}
	w.Flush()
	return line.Bytes(), w.Error()
}

// cell is a value as Python writes it: True, None as nothing, 1.0 with its
// point. Lists and objects are written as JSON.
func cell(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return pythonFloat(v), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	}
	text, err := oip.AppendValue(nil, v)
	return string(text), err
}

// pythonFloat is a float as Python's repr has it.
func pythonFloat(f float64) string {
	switch abs := math.Abs(f); {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case abs != 0 && (abs < 1e-4 || abs >= 1e16):
		return strconv.FormatFloat(f, 'e', -1, 64)
	case f == math.Trunc(f):
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
