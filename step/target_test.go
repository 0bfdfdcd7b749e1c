package step_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// at gives a step its path.
func at(path string) func(*catalog.Args) {
	return func(a *catalog.Args) { a.Values["path"] = path }
}

var noon = time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC)

// sendAt sends events of noon with the key "k".
func sendAt(t *testing.T, r *steptest.Rig, bodies ...string) (outcomes []string) {
	t.Helper()
	for _, body := range bodies {
		ev := steptest.Event(body)
		ev.Time, ev.Key = noon, "k/1"
		outcomes = append(outcomes, outcome(r.Send(t.Context(), ev)))
	}
	return outcomes
}

func TestCSVTarget(t *testing.T) {
	for _, c := range []struct {
		name, args, before string
		bodies             []string
		want               string
	}{
		{"inferred", `{"header": true}`, "", []string{`{"b": 1, "a": "x"}`, `{"a": "y", "c": 3}`}, "a,b\nx,1\ny,\n"},
		{"columns", `{"columns": ["b", "n=a", "$key", "when=$time"], "header": true}`, "", []string{`{"b": 1.0, "a": true}`},
			"b,n,key,when\n1.0,True,k/1,2026-03-01T12:05:00Z\n"},
		{"columns and the rest", `{"columns": ["b"], "infer_columns_from_data": true, "header": true}`, "", []string{`{"c": 1, "b": 2, "a": 3}`}, "b,a,c\n2,3,1\n"},
		{"no header", `{"columns": "a"}`, "", []string{`{"a": 1}`, `{"a": null}`, `{}`}, "1\n\"\"\n\"\"\n"},
		{"appended", `{"columns": ["a"], "header": true}`, "a\n0\n", []string{`{"a": 1}`}, "a\n0\n1\n"},
		{"anew", `{"columns": ["a"], "header": true, "append": false, "max_events": 1}`, "old\n", []string{`{"a": 1}`, `{"a": 2}`}, "a\n1\n2\n"},
		{"lists", ``, "", []string{`[1, "a,b", "say \"hi\""]`, `[2.5, [1, 2], {"x": 1}]`}, "1,\"a,b\",\"say \"\"hi\"\"\"\n2.5,\"[1, 2]\",\"{\"\"x\"\": 1}\"\n"},
		{"nothing", ``, "", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "out.csv")
			if c.before != "" {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := steptest.New(t, mustStep(t, "storey.CSVTarget", c.args, at(path)), steptest.Options{})
			if d := cmp.Diff(c.bodies, sendAt(t, r, c.bodies...)); d != "" {
				t.Errorf("events went on as (-want +got):\n%s", d)
			}
			r.Close(t.Context())
			r.Close(t.Context())
			got, err := os.ReadFile(path)
			if err != nil && (c.want != "" || !errors.Is(err, fs.ErrNotExist)) {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("wrote %q, want %q", got, c.want)
			}
		})
	}
}

func TestCSVTargetErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	for _, c := range []struct{ args, body, want string }{
		{`{"header": true}`, `[1]`, "error TypeError: columns must be given for events that are lists"},
		{`{"columns": ["a", "b"]}`, `[1]`, "error TypeError: the list has 1 items, and there are 2 columns"},
		{`{}`, `1`, "error TypeError: a row of CSV is made of an object or a list, and the body is 1"},
	} {
		r := steptest.New(t, mustStep(t, "CSVTarget", c.args, at(path)), steptest.Options{})
		if got := sendAt(t, r, c.body)[0]; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.body, got, c.want)
		}
	}
	for args, want := range map[string]string{
		`{"path": "s3://b/k"}`:                              `path is "s3://b/k": this target writes files; s3:// is not supported`,
		`{"path": "x", "columns": ["a", "a"]}`:              `columns has the column "a" twice`,
		`{"path": "x", "columns": [["a", "int"]]}`:          `columns has a type for "a", and CSV has none`,
		`{"path": "x", "columns": ["$kex"]}`:                `columns[0] is "$kex", and events have no such attribute`,
		`{"path": "x", "max_events": 0}`:                    `max_events must be a positive integer`,
		`{"path": "x", "columns": [3]}`:                     `columns[0] must be a name or [name, type], found 3`,
		`{"path": "x", "hedaer": true}`:                     `hedaer is not an argument of this class (did you mean header?)`,
		`{}`:                                                `path is missing`,
		`{"path": "x", "storage_options": {"secret": "s"}}`: `storage_options is not an argument`,
	} {
		if _, err := newStep(t, "CSVTarget", args); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}

// TestTargetTimes wants rows written when there are enough, and when the first
// has waited long enough.
func TestTargetTimes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	synctest.Test(t, func(t *testing.T) {
		r := steptest.New(t, mustStep(t, "CSVTarget", `{"max_events": 3, "flush_after_seconds": 5}`, at(path)), steptest.Options{})
		lines := func() int {
			synctest.Wait()
			text, _ := os.ReadFile(path)
			return strings.Count(string(text), "\n")
		}
		for i, c := range []struct {
			sleep time.Duration
			send  int
			want  int
		}{{0, 2, 0}, {0, 1, 3}, {0, 1, 3}, {4 * time.Second, 1, 3}, {time.Second, 0, 5}} {
			time.Sleep(c.sleep)
			for range c.send {
				sendAt(t, r, `{"a": 1}`)
			}
			if got := lines(); got != c.want {
				t.Errorf("step %d: %d lines, want %d", i, got, c.want)
			}
		}
		r.Close(t.Context())
	})
}

// TestTargetFails takes the folder of a target away: rows wait, more than it has
// room for are refused with the reason, and all of them are written when the
// folder is back.
func TestTargetFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sub")
	path := filepath.Join(dir, "out.csv")
	synctest.Test(t, func(t *testing.T) {
		r := steptest.New(t, mustStep(t, "CSVTarget", `{"max_events": 2, "flush_after_seconds": 1}`, at(path)), steptest.Options{})
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range 9 {
			got = append(got, sendAt(t, r, fmt.Sprintf(`{"a": %d}`, i))...)
			synctest.Wait()
		}
		if !strings.HasPrefix(got[8], "error RuntimeError: there is no room for more rows: write CSV: open ") || strings.HasPrefix(got[7], "error") {
			t.Errorf("outcomes %q", got)
		}
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		text, err := os.ReadFile(path)
		if err != nil || string(text) != "0\n1\n2\n3\n4\n5\n6\n7\n" {
			t.Errorf("wrote %q (%v)", text, err)
		}
		r.Close(t.Context())
	})
}

// TestTargetCloseFails wants Close to tell of rows that it could not write.
func TestTargetCloseFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sub")
	for _, class := range []string{"CSVTarget", "ParquetTarget"} {
		s := mustStep(t, class, `{}`, at(filepath.Join(dir, "out.csv")))
		if err := s.(serve.Starter).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Do(t.Context(), steptest.Event(`{"a": 1}`)); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil { // where the folder was
			t.Fatal(err)
		}
		if err := s.(serve.Closer).Close(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "1 rows are lost: write ") {
			t.Errorf("%s: close: %v", class, err)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// readParquet reads the Parquet files below a folder: their paths, with the name
// of a file as *, and their rows as JSON.
func readParquet(t *testing.T, root string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		name = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}\.parquet`).ReplaceAllString(name, "*")
		out[name] = append(out[name], parquetRows(t, data)...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parquetRows(t *testing.T, data []byte) (rows []string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range f.RowGroups() {
		r := g.Rows()
		buf := make([]parquet.Row, 64)
		for {
			n, err := r.ReadRows(buf)
			for _, row := range buf[:n] {
				cells := map[string]any{}
				for i, v := range row {
					cells[f.Schema().Columns()[i][0]+":"+f.Schema().Fields()[i].Type().String()] = parquetValue(v)
				}
				text, err := json.Marshal(cells)
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, string(text))
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
	}
	return rows
}

func parquetValue(v parquet.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Kind() == parquet.ByteArray:
		return string(v.ByteArray())
	case v.Kind() == parquet.Boolean:
		return v.Boolean()
	case v.Kind() == parquet.Double:
		return v.Double()
	}
	return v.Int64()
}

func TestParquetTarget(t *testing.T) {
	for _, c := range []struct {
		name, args, file string
		bodies           []string
		want             map[string][]string
	}{
		{"one file", `{}`, "out.parquet", []string{`{"a": 1, "b": "x"}`, `{"a": 2.5, "c": [1, 2]}`, `{"a": null, "b": true}`}, map[string][]string{
			"out.parquet": {
				`{"a:DOUBLE":1,"b:STRING":"x","c:STRING":null}`, `{"a:DOUBLE":2.5,"b:STRING":null,"c:STRING":"[1, 2]"}`,
				`{"a:DOUBLE":null,"b:STRING":"true","c:STRING":null}`,
			},
		}},
		{"one file in pieces", `{"max_events": 1}`, "out.pq", []string{`{"a": 1}`, `{"a": 2.5}`, `{"a": 3}`}, map[string][]string{
			"out.pq": {`{"a:DOUBLE":1}`, `{"a:DOUBLE":2.5}`, `{"a:DOUBLE":3}`},
		}},
		{"no rows", `{}`, "out.parquet", nil, map[string][]string{}},
		{"storey's partitions", `{}`, "", []string{`{"a": 1}`, `{"a": 2}`}, map[string][]string{
			"hash256_key=230/year=2026/month=03/day=01/hour=12/*": {`{"a:INT64":1}`, `{"a:INT64":2}`},
		}},
		{"by a field and the key", `{"partition_cols": ["u", "$key", "$date"]}`, "", []string{`{"a": 1, "u": "../x"}`, `{"a": true, "u": 2}`}, map[string][]string{
			"u=..%2Fx/key=k%2F1/date=2026-03-01/*": {`{"a:INT64":1}`}, "u=2/key=k%2F1/date=2026-03-01/*": {`{"a:BOOLEAN":true}`},
		}},
		{"types", `{"columns": [["i", "int"], ["f", "float32"], ["s", "str"], ["b", "bool"], ["at=t", "datetime"]], "partition_cols": ["$year"], "time_field": "t"}`, "",
			[]string{`{"i": 1, "f": 2, "s": "x", "b": false, "t": "2020-02-03T04:05:06"}`, `{"i": 2.0, "t": 1}`}, map[string][]string{
				"year=2020/*": {`{"at:TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)":1580702706000000,"b:BOOLEAN":false,"f:DOUBLE":2,"i:INT64":1,"s:STRING":"x"}`},
				"year=1970/*": {`{"at:TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)":1000000,"b:BOOLEAN":null,"f:DOUBLE":null,"i:INT64":2,"s:STRING":null}`},
			}},
		{"a typed column in one file", `{"columns": [["at", "datetime"], "a"], "index_cols": "k=$key"}`, "x.parquet", []string{`{"at": 1.5, "a": {"b": 1}}`}, map[string][]string{
			"x.parquet": {`{"a:STRING":"{\"b\": 1}","at:TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)":1500000,"k:STRING":"k/1"}`},
		}},
		{"columns of the first event", `{"infer_columns_from_data": true}`, "x.parquet", []string{`{"a": 1}`, `{"b": 1}`}, map[string][]string{
			"x.parquet": {`{"a:INT64":1}`, `{"a:INT64":null}`},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			r := steptest.New(t, mustStep(t, "storey.ParquetTarget", c.args, at(filepath.Join(dir, c.file))), steptest.Options{})
			if d := cmp.Diff(c.bodies, sendAt(t, r, c.bodies...)); d != "" {
				t.Errorf("events went on as (-want +got):\n%s", d)
			}
			r.Close(t.Context())
			r.Close(t.Context())
			if d := cmp.Diff(c.want, readParquet(t, dir)); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
		})
	}
}

func TestParquetTargetErrors(t *testing.T) {
	for _, c := range []struct{ args, body, want string }{
		{`{"columns": [["a", "int"]]}`, `{"a": 1.5}`, "error TypeError: column a is of type int, and the event has 1.5"},
		{`{"columns": [["a", "datetime"]]}`, `{"a": "soon"}`, `error ValueError: a: "soon" is not a time in ISO 8601`},
		{`{"partition_cols": ["u"]}`, `{"a": 1}`, "error KeyError: 'u'"},
		{`{"partition_cols": ["u"]}`, `{"u": {}}`, "error TypeError: u must be text or a number"},
		{`{"partition_cols": ["u"]}`, fmt.Sprintf(`{"u": %q}`, strings.Repeat("long", 100)), "error ValueError: u is too long to name a folder"},
		{`{}`, `[1]`, "error TypeError: the body must be an object, and is a list"},
	} {
		r := steptest.New(t, mustStep(t, "ParquetTarget", c.args, at(t.TempDir())), steptest.Options{})
		if got := sendAt(t, r, c.body)[0]; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.body, got, c.want)
		}
	}
	for args, want := range map[string]string{
		`{"path": "x", "columns": [["a", "decimal"]]}`:       `columns has the type "decimal", which is none of bool, datetime`,
		`{"path": "x.pq", "partition_cols": ["a"]}`:          `partition_cols needs a folder as path, and "x.pq" is one file`,
		`{"path": "x", "partition_cols": ["$week"]}`:         `partition_cols[0] is "$week"; what begins with $ is $key or one of $date`,
		`{"path": "x", "partition_cols": [["$key", 0]]}`:     `partition_cols[0] must be hashed into at least one folder, found 0`,
		`{"path": "x", "index_cols": "a", "columns": ["a"]}`: `columns has the column "a" twice`,
		`{"path": "x", "max_events": -1}`:                    `max_events must be a positive integer`,
		`{"path": "gs://x"}`:                                 `path is "gs://x": this target writes files`,
		`{"path": "x", "time_format": "%"}`:                  `time_format has a directive that is not known here`,
	} {
		if _, err := newStep(t, "ParquetTarget", args); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
}
