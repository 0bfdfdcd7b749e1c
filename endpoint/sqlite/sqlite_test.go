package sqlite_test

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/leat-ml/leat/database"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/endpointtest"
	_ "github.com/leat-ml/leat/endpoint/sqlite"
	"github.com/leat-ml/leat/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fresh is the path of a file that is not there, which has what URLs give a
// meaning, and what opens it.
func fresh(t testing.TB) (path string, open func() (endpoint.Store, error)) {
	path = filepath.Join(t.TempDir(), "a b#?%20.db")
	u := url.URL{Scheme: "sqlite", Path: path}
	return path, func() (endpoint.Store, error) { return endpoint.Open(t.Context(), u.String(), endpoint.Options{}) }
}

func newStore(t testing.TB) func() (endpoint.Store, error) {
	_, open := fresh(t)
	return open
}

func TestConformance(t *testing.T) {
	endpointtest.Run(t, endpointtest.Harness{New: newStore})
}

func BenchmarkList(b *testing.B) { endpointtest.BenchmarkList(b, newStore(b)) }

func opened(t *testing.T, open func() (endpoint.Store, error)) endpoint.Store {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func wants(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %s", err, text)
	}
}

func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestLocked: a writer that holds the file is told of after the time to wait, and
// reading goes on meanwhile.
func TestLocked(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a lock")
	}
	path, open := fresh(t)
	s := opened(t, open)
	e := endpointtest.Sample(t, "p/f", "m:1")
	if err := endpoint.Create(t.Context(), s, e); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Delete(t.Context(), e.Metadata.UID), "the database is locked: another program has been writing")
	if _, err := s.Find(t.Context(), e.Metadata.UID); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), e.Metadata.UID); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

// TestOpenWhileMade: who opens a file that another is making waits, although SQLite
// says at once that such a file is locked.
func TestOpenWhileMade(t *testing.T) {
	path, open := fresh(t)
	db := raw(t, path)
	db.SetMaxOpenConns(1)
	for _, q := range []string{"CREATE TABLE x (y)", "BEGIN IMMEDIATE"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	made := make(chan error, 1)
	go func() {
		s, err := open()
		if err == nil {
			err = s.Close()
		}
		made <- err
	}()
	select {
	case err := <-made:
		t.Fatalf("opened while another had it: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Error(err)
	}
}

// TestGone: a file that is removed, or replaced, takes no records with it unseen.
func TestGone(t *testing.T) {
	path, open := fresh(t)
	s := opened(t, open)
	e := endpointtest.Sample(t, "p/f", "m:1")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	const gone = "the file of the database is gone"
	wants(t, endpoint.Create(t.Context(), s, e), gone)
	wants(t, s.Record(t.Context(), []endpoint.Traffic{{UID: "x", Requests: 1, First: time.Now()}}), gone)
	_, err := s.Find(t.Context(), "x")
	wants(t, err, gone)
	if errors.Is(err, endpoint.ErrNotFound) {
		t.Error("a database that is gone is not one without the record")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, s.Delete(t.Context(), "x"), gone)
}

func TestNewer(t *testing.T) {
	path, open := fresh(t)
	s := opened(t, open)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := raw(t, path).Exec("INSERT INTO leat_endpoint_versions (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	_, err := open()
	wants(t, err, "a newer version of leat has changed the tables of this database")
	if !errors.Is(err, database.ErrNewer) {
		t.Errorf("error %v", err)
	}
}

// TestUnusable: what cannot be a database is said in plain words, and not
// overwritten.
func TestUnusable(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"sqlite://" + dir + "/no/such/x.db": "no such file or directory",
		"sqlite://" + dir:                   "is a directory",
		"sqlite://" + text:                  "no SQLite database",
		"sqlite://host/x.db":                "a relative one follows sqlite: without slashes",
		"sqlite:///":                        "the path of the file is missing",
		"sqlite:///x.db?mode=memory":        "a path and nothing else",
		"mysql://host/x":                    `a database is at sqlite://, not "mysql"`,
		"sqlite://%zz":                      "the URL of the database cannot be read",
		"":                                  `a database is at sqlite://, not ""`,
	} {
		_, err := endpoint.Open(t.Context(), address, endpoint.Options{})
		wants(t, err, want)
	}
	if got, err := os.ReadFile(text); err != nil || len(got) != 2000 {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
}

// TestRelative: sqlite:name.db is in the working folder, and for its owner alone.
func TestRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := endpoint.Open(t.Context(), "sqlite:x.db", endpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat("x.db")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, error %v", info, err)
	}
}

func TestUpgrade(t *testing.T) {
	path, open := fresh(t)
	endpointtest.Upgrade(t, raw(t, path), goose.DialectSQLite3, os.DirFS("migrations"), open)
}
