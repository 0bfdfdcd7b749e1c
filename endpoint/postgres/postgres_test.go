package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/endpointtest"
	_ "github.com/leat-ml/leat/endpoint/postgres"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/internal/servertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var databases atomic.Int32

// fresh makes a database in the cluster and returns its URL.
func fresh(t testing.TB, p *servertest.Postgres) string {
	t.Helper()
	db, err := sql.Open("pgx", p.SecretURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("d%d", databases.Add(1))
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(p.SecretURL(), "postgres") + name
}

func newStore(p *servertest.Postgres) func(t testing.TB) func() (endpoint.Store, error) {
	return func(t testing.TB) func() (endpoint.Store, error) {
		address := fresh(t, p)
		return func() (endpoint.Store, error) { return endpoint.Open(t.Context(), address, endpoint.Options{}) }
	}
}

func TestConformance(t *testing.T) {
	p := servertest.StartPostgres(t)
	endpointtest.Run(t, endpointtest.Harness{New: newStore(p)})
}

func BenchmarkList(b *testing.B) {
	endpointtest.BenchmarkList(b, newStore(servertest.StartPostgres(b))(b))
}

func wants(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %s", err, text)
	}
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error has the password: %v", err)
	}
}

// TestGone: a server that ends is told of, and found again when it is back.
func TestGone(t *testing.T) {
	p := servertest.StartPostgres(t)
	s, err := newStore(p)(t)()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := endpointtest.Sample(t, "p/f", "m:1")
	if err := endpoint.Create(t.Context(), s, e); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	const gone = "the database cannot be reached"
	_, err = s.Find(t.Context(), e.Metadata.UID)
	wants(t, err, "")
	wants(t, s.Record(t.Context(), []endpoint.Traffic{{UID: e.Metadata.UID, Requests: 1}}), gone)
	_, err = endpoint.Open(t.Context(), p.SecretURL(), endpoint.Options{})
	wants(t, err, gone)
	p.Start(t)
	if got, err := s.Find(t.Context(), e.Metadata.UID); err != nil || got.Spec.Model != "m:1" {
		t.Errorf("after it is back: %v", err)
	}
}

// TestUnusable: newer tables, locked ones, and addresses that cannot be used.
func TestUnusable(t *testing.T) {
	p := servertest.StartPostgres(t)
	address := fresh(t, p)
	s, err := endpoint.Open(t.Context(), address, endpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	testLocked(t, db, s)
	if _, err := db.Exec("INSERT INTO leat_endpoint_versions (version_id, is_applied) VALUES (99, true)"); err != nil {
		t.Fatal(err)
	}
	_, err = endpoint.Open(t.Context(), address, endpoint.Options{})
	wants(t, err, "a newer version of leat")
	wrong := strings.Replace(address, "s3cret", "s3cret-not", 1)
	for text, want := range map[string]string{
		wrong:                                  "password authentication failed",
		address + "none":                       "does not exist",
		"postgres:leat":                        "the host is missing",
		"postgres://leat:s3cret@h/d?sslmode=x": "sslmode is invalid",
		"postgres://leat:s3cret%zz@h/d":        "the URL of the database cannot be read",
		"postgres://leat:s3cret@127.0.0.1:1/d": "the database cannot be reached",
	} {
		_, err := endpoint.Open(t.Context(), text, endpoint.Options{})
		wants(t, err, want)
	}
}

// testLocked: who waits for a table stops with ctx.
func testLocked(t *testing.T, db *sql.DB, s endpoint.Store) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("LOCK TABLE model_endpoints IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = s.List(ctx, endpoint.Query{})
	wants(t, err, "")
}

func TestUpgrade(t *testing.T) {
	address := fresh(t, servertest.StartPostgres(t))
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	endpointtest.Upgrade(t, db, goose.DialectPostgres, os.DirFS("migrations"), func() (endpoint.Store, error) {
		return endpoint.Open(t.Context(), address, endpoint.Options{})
	})
}
