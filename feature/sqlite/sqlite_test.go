package sqlite_test

import (
	"database/sql"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/feature"
	"github.com/leat-ml/leat/feature/featuretest"
	_ "github.com/leat-ml/leat/feature/sqlite"
	"github.com/leat-ml/leat/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// file makes a database and returns its path, which has what URLs give a meaning.
func file(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b#?%20.db")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// address is the URL of a table.
func address(path, table string) string {
	u := url.URL{Scheme: "sqlite", Path: path, RawQuery: url.Values{"table": {table}}.Encode()}
	return u.String()
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

func filled(t testing.TB) string {
	statements := []string{
		`CREATE TABLE customers (id INTEGER PRIMARY KEY, "the "" rest" TEXT, active BOOLEAN, city TEXT, age BIGINT, income REAL)`,
		`CREATE TABLE "odd ""; table.x" (country TEXT, device VARCHAR(20), value DOUBLE)`,
	}
	for id, r := range featuretest.Customers {
		statements = append(statements, fmt.Sprintf("INSERT INTO customers (id, age, income, active, city) VALUES (%d, %s, %s, %s, %s)", id, literal(r[0]), literal(r[1]), literal(r[2]), literal(r[3])))
	}
	for key, r := range featuretest.Readings {
		statements = append(statements, fmt.Sprintf(`INSERT INTO "odd ""; table.x" VALUES (%s, %s, %s)`, literal(key[0]), literal(key[1]), literal(r[0])))
	}
	return file(t, statements...)
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

func TestConformance(t *testing.T) {
	path := filled(t)
	featuretest.Run(t, featuretest.Harness{
		Customers: func(t testing.TB, features ...string) feature.Source {
			return open(t, address(path, "customers"), feature.Options{Entities: []string{"id"}, Features: features})
		},
		Readings: func(t testing.TB, features ...string) feature.Source {
			return open(t, address(path, `odd "; table.x`), feature.Options{Entities: []string{"country", "device"}, Features: features})
		},
	})
}

// TestValues: times are text, infinities are missing, and what is no number in a
// column of numbers is an error.
func TestValues(t *testing.T) {
	path := file(t, `CREATE TABLE t (id INTEGER, day DATE, at TIMESTAMP, free, n NUMERIC, f REAL)`,
		`INSERT INTO t VALUES (1, '2026-01-31', '2026-01-31 12:00:00.25', 5, 12.5, 9e999), (2, NULL, NULL, 'x', 3, 2.5), (3, NULL, NULL, NULL, 'y', NULL), (4, NULL, NULL, x'ff', 1, 0), (5, NULL, NULL, 1, 1, 1), (5, NULL, NULL, 1, 1, 1)`)
	s := open(t, address(path, "t"), feature.Options{Entities: []string{"id"}})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	rows, err := s.Lookup(t.Context(), []feature.Key{{"1"}, {"2"}})
	want := []feature.Row{{"2026-01-31", "2026-01-31 12:00:00.250000", int64(5), 12.5, nil}, {nil, nil, "x", int64(3), 2.5}}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("error %v, rows (-want +got):\n%s", err, d)
	}
	for key, want := range map[string]string{
		"3": `table t: column n has "y", which is no number`,
		"4": "table t: column free has bytes that are no text",
		"5": "table t: there are several rows for one key: 5",
	} {
		if _, err := s.Lookup(t.Context(), []feature.Key{{key}}); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", key, err, want)
		}
	}
}

func TestStatistics(t *testing.T) {
	path := file(t, `CREATE TABLE t (id TEXT, a INTEGER, b REAL, c TEXT, d REAL)`, `INSERT INTO t VALUES ('x', 30, 1.5, 'p', NULL), ('y', 40, NULL, 'q', 9e999), ('z', NULL, NULL, NULL, NULL)`)
	s := open(t, address(path, "t"), feature.Options{Entities: []string{"id"}, Statistics: true})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	c := s.Columns()
	if got, want := c[0].Stats, (feature.Stats{Count: 2, Mean: 35, Min: 30, Max: 40, Std: math.Sqrt(50)}); got != want {
		t.Errorf("a: %+v, want %+v", got, want)
	}
	if b := c[1].Stats; b.Count != 1 || b.Mean != 1.5 || !math.IsNaN(b.Std) {
		t.Errorf("b: %+v", b)
	}
	if d := c[3].Stats; d.Count != 0 || !math.IsNaN(d.Mean) {
		t.Errorf("d: %+v", d)
	}
}

// TestRelative: sqlite:name.db is in the working folder.
func TestRelative(t *testing.T) {
	path := filled(t)
	t.Chdir(filepath.Dir(path))
	if err := os.Rename(path, "features.db"); err != nil {
		t.Fatal(err)
	}
	s := open(t, "sqlite:features.db?table=customers", feature.Options{Entities: []string{"id"}})
	if err := s.Start(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	id := feature.Options{Entities: []string{"id"}}
	for _, tt := range []struct {
		address string
		o       feature.Options
		want    string
	}{
		{"sqlite:///a.db", id, "the table is missing"},
		{"sqlite://?table=t", id, "the path of the file is missing"},
		{"sqlite://a.db?table=t", id, "a path after sqlite:// begins with /"},
		{"sqlite:///a.db?table=t&mode=rwc", id, `unknown parameter "mode"`},
		{"sqlite:///a.db?table=t&table=u", id, "table is there twice"},
		{"sqlite:///a.db?table=t", feature.Options{}, "a table needs the names of its entities"},
		{"sqlite:///a.db?table=%00", id, "the table is missing"},
		{"sqlite:///%zz?table=t", id, "is no URL: invalid URL escape"},
	} {
		if _, err := feature.Open(tt.address, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.address, err, tt.want)
		}
	}
	path := filled(t)
	for _, tt := range []struct{ address, want string }{
		{address(filepath.Join(t.TempDir(), "none.db"), "t"), "features of table t: "},
		{address(path, "nothing"), "no such table: nothing"},
		{address(path, "customers; DROP TABLE customers"), "no such table"},
	} {
		s := open(t, tt.address, id)
		if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.address, err, tt.want)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	featuretest.Bench(b, open(b, address(filled(b), "customers"), feature.Options{Entities: []string{"id"}}))
}
