package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/internal/servertest"
)

// A faulty is a server with a database to which things happen.
type faulty struct {
	folder     string
	url, admin string
	log        safeBuffer
	cmd        *exec.Cmd
	asked      int // inferences
}

// A safeBuffer is written by a process and read by a test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newFaulty(t *testing.T) *faulty {
	t.Helper()
	f := &faulty{folder: t.TempDir()}
	f.spec(t, "")
	if err := os.Mkdir(f.path("data"), 0o700); err != nil {
		t.Fatal(err)
	}
	return f
}

// spec writes the spec of a model; database is the URL of its records, "" for the
// file in the data folder.
func (f *faulty) spec(t *testing.T, database string) {
	t.Helper()
	if database != "" {
		database = `"database": "` + database + `", `
	}
	model, err := filepath.Abs("../../examples/quickstart/diabetes.ubj")
	if err != nil {
		t.Fatal(err)
	}
	spec := `{` + database + `"function_uri": "p/f", "graph": {"kind": "router", "routes": {"m": {"class_name": "XGBoostModelServer", "class_args": {"model_path": "` + model + `"}}}}}`
	if err := os.WriteFile(f.path("spec.json"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *faulty) path(name string) string { return filepath.Join(f.folder, name) }

func (f *faulty) database() string { return filepath.Join(f.folder, "data", "leat.db") }

// start serves, with a shell's command before it, until stop or the end of the test.
func (f *faulty) start(t *testing.T, before string) {
	t.Helper()
	f.cmd = exec.Command("sh", "-c", before+` exec leat serve "$0" --http 127.0.0.1:0 --admin 127.0.0.1:0 --grpc "" --data "$1"`, f.path("spec.json"), f.path("data"))
	f.cmd.Stderr = &f.log
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stop)
	f.url, f.admin = "", ""
	for lines := bufio.NewScanner(out); f.admin == "" && lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "serving"); ok {
			f.url = strings.TrimSpace(url)
		}
		if url, ok := strings.CutPrefix(lines.Text(), "admin"); ok {
			f.admin = strings.TrimSpace(url)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if f.url == "" || f.admin == "" {
		f.stop()
		t.Fatalf("the server does not start: %s", f.log.String())
	}
}

// stop lets the server end, and waits for that.
func (f *faulty) stop() {
	if f.cmd == nil {
		return
	}
	_ = f.cmd.Process.Signal(os.Interrupt)
	_ = f.cmd.Wait()
	f.cmd = nil
}

// infers wants an answer, whatever has happened to the database.
func (f *faulty) infers(t *testing.T) {
	t.Helper()
	resp, err := http.Post(f.url+"/v2/models/m/infer", "application/json", strings.NewReader(`{"inputs": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s, %v", resp.StatusCode, text, err)
	}
	f.asked++
}

// record asks for the record: how many requests it has, or what is wrong.
func (f *faulty) record(t *testing.T) (requests int, wrong string) {
	t.Helper()
	resp, err := http.Get(f.admin + "/api/v1/projects/p/model-endpoints/m")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Error  string
		Status struct {
			Requests int `json:"request_count"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if (resp.StatusCode == http.StatusOK) != (answer.Error == "") {
		t.Errorf("status %d: %q", resp.StatusCode, answer.Error)
	}
	return answer.Status.Requests, answer.Error
}

// fails waits until the log and the API tell of the fault, and wants models to be
// served.
func (f *faulty) fails(t *testing.T, want string) {
	t.Helper()
	f.infers(t)
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		_, wrong := f.record(t)
		log := f.log.String()
		if strings.Contains(wrong, want) && strings.Contains(log, want) && strings.Contains(log, "serving goes on") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the records say %q, not %q; the log:\n%s", wrong, want, log)
		}
	}
	f.infers(t)
}

// recovers waits until all inferences are in the record.
func (f *faulty) recovers(t *testing.T) {
	t.Helper()
	n, wrong := 0, ""
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if n, wrong = f.record(t); n == f.asked {
			return
		}
	}
	t.Fatalf("%d of %d inferences are recorded, error %q; the log:\n%s", n, f.asked, wrong, f.log.String())
}

func (f *faulty) open(t *testing.T) *sql.DB {
	t.Helper()
	// The server may be writing: a second connection waits its turn.
	db, err := sql.Open("sqlite", "file:"+f.database()+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// sound wants the file to be a whole database.
func (f *faulty) sound(t *testing.T) {
	t.Helper()
	var said string
	db := f.open(t)
	defer db.Close() // or it keeps the log of what was written
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("the file is %q, error %v", said, err)
	}
}

// made starts and stops the server, so that there is a database.
func (f *faulty) made(t *testing.T) {
	t.Helper()
	f.start(t, "")
	f.infers(t)
	f.recovers(t)
	f.stop()
}

// TestDatabaseFaults: whatever is the matter with the database, it is told, models
// are served, and what came meanwhile is recorded when it is well again.
func TestDatabaseFaults(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, f *faulty){
		"no database": func(t *testing.T, f *faulty) {
			text := strings.Repeat("this is a letter\n", 500)
			if err := os.WriteFile(f.database(), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f.start(t, "")
			f.fails(t, "the file is no SQLite database, or a damaged one")
			f.stop()
			if got, err := os.ReadFile(f.database()); err != nil || string(got) != text {
				t.Errorf("%d bytes of the letter are there, error %v", len(got), err)
			}
		},
		"damaged": func(t *testing.T, f *faulty) {
			f.made(t)
			whole, err := os.ReadFile(f.database())
			if err != nil {
				t.Fatal(err)
			}
			broken := bytes.Clone(whole)
			for i := range broken[200:] {
				broken[200+i] ^= 0x5a
			}
			if err := os.WriteFile(f.database(), broken, 0o600); err != nil {
				t.Fatal(err)
			}
			f.start(t, "")
			f.fails(t, "the file is no SQLite database, or a damaged one")
			f.stop()
			if err := os.WriteFile(f.database(), whole, 0o600); err != nil {
				t.Fatal(err)
			}
			f.asked = 1 // what came while there was no database to be had, and went with the server
			f.start(t, "")
			f.recovers(t)
			f.sound(t)
		},
		"newer": func(t *testing.T, f *faulty) {
			f.made(t)
			db := f.open(t)
			if _, err := db.Exec("INSERT INTO leat_endpoint_versions (version_id, is_applied) VALUES (99, 1)"); err != nil {
				t.Fatal(err)
			}
			f.start(t, "")
			f.fails(t, "a newer version of leat has changed the tables of this database")
			if _, err := db.Exec("DELETE FROM leat_endpoint_versions WHERE version_id = 99"); err != nil {
				t.Fatal(err)
			}
			f.recovers(t)
		},
		"locked": func(t *testing.T, f *faulty) {
			f.made(t)
			f.start(t, "")
			db := f.open(t)
			if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
				t.Fatal(err)
			}
			f.fails(t, "the database is locked: another program has been writing")
			if _, err := db.Exec("ROLLBACK"); err != nil {
				t.Fatal(err)
			}
			f.recovers(t)
			f.sound(t)
		},
		"gone": func(t *testing.T, f *faulty) {
			f.start(t, "")
			f.infers(t)
			f.recovers(t)
			for _, part := range []string{"-wal", "-shm", ""} { // the file last: once it is gone the server makes a new one
				if err := os.Remove(f.database() + part); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			f.asked = 0 // what was recorded is gone with it
			f.fails(t, "the file of the database is gone")
			f.recovers(t)
			f.sound(t)
		},
		"full": func(t *testing.T, f *faulty) {
			f.start(t, "ulimit -f 40;") // 20 or 40 KB a file
			f.fails(t, "the disk is full or broken, or files may not be so large")
			f.stop()
			f.sound(t)
			asked := f.asked
			f.asked = 0
			f.start(t, "")
			f.infers(t)
			n, wrong := f.record(t)
			for deadline := time.Now().Add(3 * time.Minute); n < 1 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				n, wrong = f.record(t) // what has just been asked is added soon, not at once
			}
			if n < 1 || n > asked+1 || wrong != "" {
				t.Errorf("%d requests, %q", n, wrong)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newFaulty(t))
		})
	}
}

// TestPostgresFaults: a PostgreSQL that ends is told of, models are served, and what
// came meanwhile is recorded when it is back.
func TestPostgresFaults(t *testing.T) {
	pg := servertest.StartPostgres(t)
	f := newFaulty(t)
	f.spec(t, pg.SecretURL())
	f.start(t, "")
	f.infers(t)
	f.recovers(t)
	pg.Stop()
	f.fails(t, "the database cannot be reached")
	pg.Start(t)
	f.recovers(t)
	if strings.Contains(f.log.String(), "s3cret") {
		t.Errorf("the log has the password:\n%s", f.log.String())
	}
}
