package rows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	reference "github.com/parquet-go/parquet-go"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// nowhere is a stream that takes everything.
type nowhere struct{}

func (nowhere) PublishAll(context.Context, []*stream.Message) error { return nil }
func (nowhere) Local() bool                                         { return false }
func (nowhere) Close(context.Context) error                         { return nil }

var begin = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

func inference(t *testing.T, body string, outputs any) serve.Record {
	t.Helper()
	b := serve.RawBody([]byte(body))
	req, err := new(oip.Buffer).Request(b)
	if err != nil {
		t.Fatal(err)
	}
	by := &serve.Served{Model: "m", Version: "v1", Class: "a.C"}
	req.Body, req.ID = b, "e1"
	r := serve.Record{Served: by, Op: "infer", EventID: "e1", Start: begin, Duration: 5 * time.Microsecond, Request: req}
	resp := new(serve.Response)
	resp.Answer(req, by, outputs)
	r.Answered(resp)
	return r
}

// write records inferences and returns the files of the folder, with their rows.
func write(t *testing.T, o Options, rs ...serve.Record) map[string][]map[string]any {
	t.Helper()
	if o.UID == nil {
		o.UID = func(function, model, version string) (string, error) { return function[:1] + model + version, nil }
	}
	p := record.New(record.Options{Open: func(context.Context) (record.Topic, error) { return nowhere{}, nil }, Rows: New(o)})
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := p.Log(record.LogOptions{Function: "p/f"})
	for _, r := range rs {
		log.Record(r)
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	files := map[string][]map[string]any{}
	err := filepath.WalkDir(o.Folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		dir, err := filepath.Rel(o.Folder, filepath.Dir(path))
		if err != nil {
			return err
		}
		files[dir] = append(files[dir], read(t, path)...)
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, path string) (rows []map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := reference.NewReader(bytes.NewReader(data))
	defer f.Close()
	for {
		row := map[string]any{}
		if err := f.Read(&row); errors.Is(err, io.EOF) {
			return rows
		} else if err != nil {
			t.Fatal(err)
		}
		for name, v := range row {
			if v == nil {
				delete(row, name)
			}
		}
		rows = append(rows, row)
	}
}

func TestRows(t *testing.T) {
	failed := inference(t, `{"inputs": [[1]]}`, nil)
	failed.Answered(nil)
	failed.Err = errors.New("no")
	later := inference(t, `{"inputs": [7]}`, []float64{8})
	later.Start = begin.Add(time.Hour)
	noted := inference(t, `{"inputs": [{"age": 3, "name": "x"}]}`, []string{"yes"})
	noted.Notes = &serve.Notes{Metrics: map[string]float64{"k": 1}}
	got := write(t, Options{Folder: t.TempDir()},
		inference(t, `{"inputs": [[1, 2.5], [3, null]]}`, []float64{10, 20}), failed, later, noted,
		inference(t, `{"inputs": [[1, "text"]]}`, [][]float64{{0.5, 0.25}}))
	base := func(more map[string]any) map[string]any {
		row := map[string]any{
			"endpoint_id": "pmv1", "request_id": "e1", "latency": int64(5), "function_uri": "p/f", "model": "m", "model_class": "C", "weight": int64(1),
			"timestamp": begin.UnixMicro(),
		}
		for k, v := range more {
			row[k] = v
		}
		return row
	}
	const day = "key=pmv1/year=2026/month=01/day=02/"
	want := map[string][]map[string]any{
		day + "hour=03": {
			base(map[string]any{"f0": 1.0, "f1": 2.5, "p0": 10.0}), base(map[string]any{"f0": 3.0, "p0": 20.0}),
			base(map[string]any{"age": 3.0, "name": "x", "metrics": `{"k":1}`}), // p0 is a number in this file
			base(map[string]any{"f0": 1.0, "p0": 0.5, "p1": 0.25}),
		},
		day + "hour=04": {base(map[string]any{"f0": 7.0, "p0": 8.0, "timestamp": begin.Add(time.Hour).UnixMicro()})},
	}
	plain := cmp.Transformer("plain", func(v any) string { return fmt.Sprint(v) })
	if d := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool { return len(p) > 3 }, plain)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestFiles writes a file when it is full, and leaves none half written.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	var rs []serve.Record
	for i := range 25 {
		rs = append(rs, inference(t, fmt.Sprintf(`{"inputs": [[%d]]}`, i), []int64{1}))
	}
	rows := write(t, Options{Folder: dir, Rows: 10}, rs...)["key=pmv1/year=2026/month=01/day=02/hour=03"]
	var seen []float64
	for _, r := range rows {
		seen = append(seen, r["f0"].(float64))
	}
	slices.Sort(seen)
	for i, v := range seen {
		if v != float64(i) {
			t.Fatalf("rows %v", seen)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*", "*", "*"))
	if err != nil || len(seen) != 25 || len(files) != 3 {
		t.Errorf("%d rows in %d files", len(seen), len(files))
	}
}

// TestNoFolder has a folder that cannot be made, and a model without a uid.
func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := New(Options{Folder: filepath.Join(file, "rows")})
	w.write(filepath.Join(file, "rows"), &table{})
	if !w.failed {
		t.Error("a folder that cannot be made is not told of")
	}
	got := write(t, Options{Folder: t.TempDir(), UID: func(string, string, string) (string, error) { return "", errors.New("no") }}, inference(t, `{"inputs": [1]}`, []int64{1}))
	if len(got) != 0 {
		t.Errorf("files %v", got)
	}
}
