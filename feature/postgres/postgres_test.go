package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/feature/featuretest"
	_ "github.com/leat-ml/leat/feature/postgres"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/internal/servertest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var id = feature.Options{Entities: []string{"id"}}

func run(t testing.TB, pg *servertest.Postgres, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", pg.SecretURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return fmt.Sprint(v)
}

func fill(t testing.TB, pg *servertest.Postgres) {
	statements := []string{
		`CREATE TABLE customers (id bigint PRIMARY KEY, "the "" rest" text, active boolean, city varchar(100), age int8, income numeric(20, 4))`,
		`CREATE SCHEMA "s; x"`, `CREATE TABLE "s; x"."odd "".table" (country char(2), device text, value double precision)`,
	}
	for id, r := range featuretest.Customers {
		statements = append(statements, fmt.Sprintf("INSERT INTO customers (id, age, income, active, city) VALUES (%d, %s, %s, %s, %s)", id, literal(r[0]), literal(r[1]), literal(r[2]), literal(r[3])))
	}
	for key, r := range featuretest.Readings {
		statements = append(statements, fmt.Sprintf(`INSERT INTO "s; x"."odd "".table" VALUES (%s, %s, %s)`, literal(key[0]), literal(key[1]), literal(r[0])))
	}
	run(t, pg, statements...)
}

func open(t testing.TB, address string, o feature.Options) feature.Source {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute // no lookup is late because the machine is busy
	}
	s, err := feature.Open(address, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func with(pg *servertest.Postgres, params ...string) string {
	q := url.Values{}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	return pg.SecretURL() + "?" + q.Encode()
}

func TestConformance(t *testing.T) {
	pg := servertest.StartPostgres(t)
	fill(t, pg)
	featuretest.Run(t, featuretest.Harness{
		Customers: func(t testing.TB, features ...string) feature.Source {
			return open(t, with(pg, "table", "public.customers"), feature.Options{Entities: []string{"id"}, Features: features})
		},
		Readings: func(t testing.TB, features ...string) feature.Source {
			return open(t, with(pg, "schema", "s; x", "table", `odd ".table`, "connections", "2"), feature.Options{Entities: []string{"country", "device"}, Features: features})
		},
		Down: func(testing.TB) { pg.Stop() }, Up: func(t testing.TB) { pg.Start(t) },
	})
	t.Run("values", func(t *testing.T) { values(t, pg) })
	t.Run("keys", func(t *testing.T) { keyTypes(t, pg) })
	t.Run("statistics", func(t *testing.T) { statistics(t, pg) })
	t.Run("read only", func(t *testing.T) { readOnly(t, pg) })
	t.Run("slow", func(t *testing.T) { slow(t, pg) })
	t.Run("secrets", func(t *testing.T) { secrets(t, pg) })
}

// values: of every type that is common, what MLRun would give.
func values(t *testing.T, pg *servertest.Postgres) {
	run(t, pg, `CREATE TABLE v (id int, small smallint, real real, num numeric, day date, naive timestamp, zone timestamptz, u uuid, j jsonb, c char(3), i interval, big bytea)`,
		`INSERT INTO v VALUES (1, 5, 0.5, 12.50, '2026-01-31', '2026-01-31 12:00:00.25', '2026-01-31 12:00:00+02', '00000000-0000-0000-0000-00000000000a', '{"a": 1}', 'x', NULL, NULL)`,
		`INSERT INTO v VALUES (2, NULL, 'NaN', 'NaN'), (3, NULL, '-Infinity', 0), (4, 1, 1, 123456789012345678901234567890), (5, 1, 1, 1), (5, 1, 1, 1)`,
		`INSERT INTO v (id, day) VALUES (6, 'infinity')`)
	s := open(t, with(pg, "table", "v"), id)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	rows, err := s.Lookup(t.Context(), []feature.Key{{"1"}, {"2"}, {"3"}, {"4"}})
	none := make(feature.Row, 8)
	want := []feature.Row{
		{int64(5), 0.5, 12.5, "2026-01-31", "2026-01-31 12:00:00.250000", "2026-01-31 10:00:00+00:00", "00000000-0000-0000-0000-00000000000a", `{"a": 1}`, "x  ", nil, nil},
		append(feature.Row{nil, nil, nil}, none...), append(feature.Row{nil, nil, 0.0}, none...),
		append(feature.Row{int64(1), 1.0, 123456789012345678901234567890.0}, none...),
	}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("error %v, rows (-want +got):\n%s", err, d)
	}
	if _, err := s.Lookup(t.Context(), []feature.Key{{"5"}}); !errors.Is(err, feature.ErrAmbiguous) || err.Error() != "table v: there are several rows for one key: 5" {
		t.Errorf("error %v", err)
	}
	if rows, err := s.Lookup(t.Context(), []feature.Key{{"6"}}); err != nil || rows[0][3] != "infinity" {
		t.Errorf("error %v, rows %v", err, rows)
	}
}

// keyTypes: entities of every type that may be one.
func keyTypes(t *testing.T, pg *servertest.Postgres) {
	run(t, pg, `CREATE TABLE k (u uuid, b boolean, c char(3), n smallint, p point, x int)`, `INSERT INTO k VALUES ('00000000-0000-0000-0000-00000000000a', true, 'ab', 3, '(1,2)', 1)`)
	for _, tt := range []struct {
		entity, key string
		there       bool
	}{
		{"u", "00000000-0000-0000-0000-00000000000a", true},
		{"u", "x", false},
		{"b", "true", true}, {"b", "false", false}, {"b", "t", false},
		{"c", "ab", true}, {"n", "3", true}, {"n", "70000", false},
	} {
		s := open(t, with(pg, "table", "k"), feature.Options{Entities: []string{tt.entity}, Features: []string{"x"}})
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err := s.Lookup(t.Context(), []feature.Key{{tt.key}})
		if err != nil || (rows[0] != nil) != tt.there {
			t.Errorf("%s %s: error %v, rows %v", tt.entity, tt.key, err, rows)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s := open(t, with(pg, "table", "k"), feature.Options{Entities: []string{"p"}})
	defer s.Close(t.Context())
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "an entity is of type point: a key is a whole number") {
		t.Errorf("error %v", err)
	}
}

func statistics(t *testing.T, pg *servertest.Postgres) {
	run(t, pg, `CREATE TABLE st (id text, a int, b numeric, c real)`, `INSERT INTO st VALUES ('x', 30, 1.5, 'NaN'), ('y', 40, 'NaN', NULL), ('z', NULL, NULL, NULL)`)
	s := open(t, with(pg, "table", "st"), feature.Options{Entities: []string{"id"}, Statistics: true})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	c := s.Columns()
	if got, want := c[0].Stats, (feature.Stats{Count: 2, Mean: 35, Min: 30, Max: 40, Std: math.Sqrt(50)}); got != want {
		t.Errorf("a: %+v, want %+v", got, want)
	}
	if b := c[1].Stats; b.Count != 1 || b.Mean != 1.5 || c[2].Stats.Count != 0 {
		t.Errorf("b: %+v, c: %+v", b, c[2].Stats)
	}
}

// readOnly: even a view that writes does not.
func readOnly(t *testing.T, pg *servertest.Postgres) {
	run(t, pg, `CREATE TABLE seen (id int)`, `CREATE FUNCTION note() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO seen VALUES (1) RETURNING 1'`, `CREATE VIEW w AS SELECT 1 AS id, note() AS n`)
	s := open(t, with(pg, "table", "w"), id)
	defer s.Close(t.Context())
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lookup(t.Context(), []feature.Key{{"1"}}); err == nil || !strings.Contains(err.Error(), "read-only transaction") {
		t.Errorf("error %v", err)
	}
}

// slow: a lookup ends with its own time and with that of the request.
func slow(t *testing.T, pg *servertest.Postgres) {
	run(t, pg, `CREATE VIEW sl AS SELECT 1 AS id, pg_sleep(60)::text AS n`)
	s := open(t, with(pg, "table", "sl"), feature.Options{Entities: []string{"id"}, Timeout: 2 * time.Second})
	defer s.Close(t.Context())
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lookup(t.Context(), []feature.Key{{"1"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond) // it may be over before it begins, which is the same
	defer cancel()
	if _, err := s.Lookup(ctx, []feature.Key{{"1"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// secrets: no error has the password.
func secrets(t *testing.T, pg *servertest.Postgres) {
	wrong := strings.Replace(pg.SecretURL(), "s3cret", "s3cre7", 1)
	for _, address := range []string{wrong + "?table=customers", strings.Replace(wrong, "/postgres", "/nothing", 1) + "?table=x", pg.SecretURL() + "?table=nothing", strings.Replace(wrong, pg.Addr(), "127.0.0.1:1", 1) + "?table=t"} {
		s := open(t, address, id)
		if err := s.Start(t.Context()); err == nil || strings.Contains(err.Error(), "s3cre") || strings.Contains(err.Error(), "of%3A") {
			t.Errorf("error %v", err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"postgres://u:s3cret@host/db", "the table is missing"},
		{"postgres://u:s3cret@host/db?table=.t", "no schema before it"},
		{"postgres://u:s3cret@host/db?table=t%00", "zero byte"},
		{"postgres://u:s3cret@host/db?table=t&table=u", "table is there twice"},
		{"postgres://u:s3cret@host/db?table=t&connections=0", `connections is "0"`},
		{"postgres://u:s3cret@host/db?table=t&sslmode=maybe", "sslmode is invalid"},
		{"postgres://u:s3cret@host:99999/db?table=t", "cannot be used"},
		{"postgres://u:s3cret@host/db?table=t&sslmode=verify-full&sslrootcert=/none/s3cret", "cannot be used"},
		{"postgres://host/db?table=t&password=s3cret&connect_timeout=s3cret", "cannot be used"},
		{"postgres://u:s3cret%zz@host/db?table=t", "is no URL"},
		{"postgres://u:s3cret@ho st/db?table=t", "is no URL"},
		{"postgres://u:s3cret@host:port/db?table=t", "is no URL"},
		{"postgres:db?table=t", "the host is missing"},
		{"mysql://u:s3cret@host/db?table=t", "is no source of features"},
	} {
		_, err := feature.Open(tt.address, id)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(strings.ReplaceAll(err.Error(), "/none/s3cret", ""), "s3cret") {
			t.Errorf("%s: error %v, want %s", tt.address, err, tt.want)
		}
	}
	if _, err := feature.Open("postgres://host/db?table=t", feature.Options{}); err == nil || !strings.Contains(err.Error(), "a table needs the names of its entities") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkLookup(b *testing.B) {
	pg := servertest.StartPostgres(b)
	fill(b, pg)
	featuretest.Bench(b, open(b, with(pg, "table", "customers"), id))
}
