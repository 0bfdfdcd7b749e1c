package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	reference "github.com/parquet-go/parquet-go"

	"github.com/leat-ml/leat/endpoint"
)

const recordedRows = `{"function_uri": "p/f", "parameters": {"log_stream": "file:records.jsonl", "log_stream_flush": "10ms", "log_stream_parquet": "%s/{project}"},
"graph": {"kind": "router", "routes": {"m": {"class_name": "XGBoostModelServer", "class_args": {"model_path": "%s"}}}}}`

// partition is MLRun's layout of the files.
var partition = regexp.MustCompile(`^p/key=([0-9a-f]{40})/year=(\d{4})/month=(\d\d)/day=(\d\d)/hour=(\d\d)/[^/]+\.parquet$`)

// TestRecordRows serves inferences over HTTP and reads them from the Parquet files that
// the server leaves, by a reader that is not ours; and by pyarrow, where the variable
// LEAT_PYARROW names a Python that has it, as make verify-mlrun does.
func TestRecordRows(t *testing.T) {
	model, err := filepath.Abs("../../examples/quickstart/diabetes.ubj")
	if err != nil {
		t.Fatal(err)
	}
	k := &killing{folder: t.TempDir(), random: rand.New(rand.NewPCG(1, 1))}
	rows := k.path("rows")
	k.spec(t, fmt.Sprintf(recordedRows, rows, model))
	s := k.start(t)
	var want []string
	begin := time.Now().Add(-time.Second)
	for i := range 20 {
		id := fmt.Sprintf("request-%d", i)
		if want = append(want, id); !s.infers(id) {
			t.Fatalf("%s failed", id)
		}
	}
	resp, err := s.client.Post(s.url+"/v2/models/m/infer", "application/json", strings.NewReader(`{"inputs": [[1]]}`))
	if err != nil || resp.Body.Close() != nil || resp.StatusCode == http.StatusOK {
		t.Fatalf("what does not fit: %v, error %v", resp, err)
	}
	for deadline := time.Now().Add(3 * time.Minute); s.delivered(t, 0) < len(want)+1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the stream does not get the records")
		}
	}
	s.stop(t)
	uid, err := endpoint.UID("p/f", endpoint.ModelOf("m", ""))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range readRows(t, rows, uid, begin) {
		got = append(got, row.RequestID)
		if row.EndpointID != uid || row.Latency <= 0 || row.F9 != 10 || row.P0 < 20 || row.P0 > 400 || row.Function != "p/f" {
			t.Errorf("row %+v", row)
		}
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("rows of %q, want %q", got, want)
	}
	k.arrow(t, rows, uid, len(want))
}

// A servedRow is what the test looks at of a row.
type servedRow struct {
	EndpointID string  `parquet:"endpoint_id"`
	RequestID  string  `parquet:"request_id"`
	Latency    float64 `parquet:"latency"`
	Function   string  `parquet:"function_uri"`
	F9         float64 `parquet:"f9"`
	P0         float64 `parquet:"p0"`
}

// readRows reads the files below a folder, which are in the partitions of the hours
// since begin.
func readRows(t *testing.T, folder, uid string, begin time.Time) (all []servedRow) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		m := partition.FindStringSubmatch(filepath.ToSlash(name))
		if len(m) == 0 || m[1] != uid {
			return fmt.Errorf("a file %s", name)
		}
		hour, err := time.Parse("2006 01 02 15", strings.Join(m[2:], " "))
		if err != nil || hour.Before(begin.UTC().Truncate(time.Hour)) || hour.After(time.Now().UTC()) {
			return fmt.Errorf("the time of %s: %w", name, err)
		}
		rows, err := reference.ReadFile[servedRow](path)
		all = append(all, rows...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// arrow reads the folder by pyarrow, as a dataset with partitions.
func (k *killing) arrow(t *testing.T, folder, uid string, want int) {
	t.Helper()
	python := os.Getenv("LEAT_PYARROW")
	if python == "" {
		t.Log("LEAT_PYARROW names no Python with pyarrow: that one does not look at the files")
		return
	}
	script := `import json, sys, pyarrow.dataset as ds
t = ds.dataset(sys.argv[1], format="parquet", partitioning="hive").to_table()
print(json.dumps([t.num_rows, sorted(set(t["key"].to_pylist())), str(t.schema.field("timestamp").type), t["f9"].to_pylist()[0], t.schema.field("year").type.bit_width]))`
	out, err := exec.Command(python, "-c", script, filepath.Join(folder, "p")).CombinedOutput() //nolint:gosec // the test's
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var got []any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got[0] != float64(want) || fmt.Sprint(got[1]) != "["+uid+"]" || !strings.HasPrefix(got[2].(string), "timestamp") || got[3] != 10.0 {
		t.Errorf("pyarrow reads %s", out)
	}
	t.Logf("pyarrow reads %s", out)
}

// stop has the server end as an operator does.
func (s *victim) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
	s.client.CloseIdleConnections()
}
