package feature

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A script is a database that knows the answers to some statements.
type script map[string]result

// A result is the rows of a statement, with the types of its columns.
type result struct {
	columns, types []string
	rows           map[string][]driver.Value // by the arguments
	err            error
}

// scripts are the databases, by their data source name.
var scripts = map[string]script{}

func init() {
	sql.Register("scripted", scripted{})
	sql.Register("pgx", scripted{}) // whose statements have other placeholders
}

type scripted struct{}

func (scripted) Open(dsn string) (driver.Conn, error) {
	s, ok := scripts[dsn]
	if !ok {
		return nil, errors.New("connection refused")
	}
	return s, nil
}

func (s script) Prepare(query string) (driver.Stmt, error) {
	r, ok := s[query]
	if !ok {
		return nil, fmt.Errorf("syntax error: %s", query)
	}
	return &r, nil
}

func (s script) Close() error              { return nil }
func (s script) Begin() (driver.Tx, error) { return nil, errors.New("no transactions") }

func (r *result) Close() error                               { return nil }
func (r *result) NumInput() int                              { return -1 }
func (r *result) Exec([]driver.Value) (driver.Result, error) { return nil, errors.New("read only") }

func (r *result) Query(args []driver.Value) (driver.Rows, error) {
	if r.err != nil {
		return nil, r.err
	}
	return &cursor{result: r, row: r.rows[fmt.Sprint(args)]}, nil
}

type cursor struct {
	*result
	row []driver.Value
}

func (c *cursor) Columns() []string                       { return c.columns }
func (c *cursor) ColumnTypeDatabaseTypeName(i int) string { return c.types[i] }
func (c *cursor) Close() error                            { return nil }
func (c *cursor) Next(dst []driver.Value) error {
	if c.row == nil {
		return io.EOF
	}
	copy(dst, c.row)
	c.row = nil
	return nil
}

func only(v ...driver.Value) map[string][]driver.Value { return map[string][]driver.Value{"[]": v} }

// customers is a database with a table of them.
func customers() script {
	eight := []string{"n", "a", "b", "c", "d", "e", "f", "g"}
	return script{
		"SELECT * FROM crm.customers WHERE 1 = 0": {columns: []string{"id", "age", "city", "paid"}, types: []string{"BIGINT", "INTEGER", "TEXT", "NUMERIC"}},
		"SELECT COUNT(age), AVG(age), MIN(age), MAX(age), COUNT(paid), AVG(paid), MIN(paid), MAX(paid) FROM crm.customers": {columns: eight, rows: only(int64(2), 35.0, int64(30), int64(40), int64(0), nil, nil, nil)},
		"SELECT SUM((age - (35)) * (age - (35))), NULL FROM crm.customers":                                                 {columns: eight[:2], rows: only(50.0, nil)},
		"SELECT 0, t.age, t.city, t.paid FROM crm.customers t WHERE t.id = ?":                                              {columns: eight[:4], rows: map[string][]driver.Value{"[7]": {int64(0), int64(30), "Bonn", []byte("12.50")}, "[8]": {int64(0), nil, nil, nil}, "[9]": {int64(0), int64(1), int64(5), "x"}}},
	}
}

func TestSQLTable(t *testing.T) {
	scripts["crm"] = customers()
	s, err := Open("sql://scripted/crm.customers", Options{Entities: []string{"id"}, DSN: "crm", Statistics: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []Column{
		{"age", Int, Stats{2, 35, 30, 40, math.Sqrt(50)}},
		{"city", Text, Stats{}},
		{"paid", Float, Stats{0, math.NaN(), math.NaN(), math.NaN(), math.NaN()}},
	}
	if d := cmp.Diff(want, s.Columns(), cmpopts.EquateNaNs()); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	rows, err := s.Lookup(t.Context(), []Key{{"8"}, {"7"}, {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Row{{nil, nil, nil}, {int64(30), "Bonn", 12.5}, nil}, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if _, err := s.Lookup(t.Context(), []Key{{"9"}}); err == nil || !strings.Contains(err.Error(), `column paid has "x", which is no number`) {
		t.Errorf("error %v", err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := s.Lookup(t.Context(), []Key{{"7"}}); err == nil {
		t.Error("it answers when it is closed")
	}
}

func TestSQLErrors(t *testing.T) {
	for _, tt := range []struct {
		address string
		o       Options
		want    string
	}{
		{"sql://scripted", Options{Entities: []string{"id"}}, "is no table"},
		{"sql:///customers", Options{Entities: []string{"id"}}, "is no table"},
		{"sql://scripted/customers;drop", Options{Entities: []string{"id"}}, "is no table"},
		{"sql://scripted/a b", Options{Entities: []string{"id"}}, "is no "},
		{"sql://scripted/customers", Options{}, "a table needs the names of its entities"},
		{"sql://scripted/customers", Options{Entities: []string{"id = 1 --"}}, `"id = 1 --" is no name of a column`},
		{"sql://scripted/customers", Options{Entities: []string{"id"}, Features: []string{"a, b"}}, `"a, b" is no name of a column`},
	} {
		if _, err := Open(tt.address, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.address, err, tt.want)
		}
	}
	scripts["broken"] = script{"SELECT * FROM t WHERE 1 = 0": {err: errors.New("out of disk")}}
	scripts["crm"] = customers()
	for _, tt := range []struct {
		driver, dsn, table string
		o                  Options
		want               string
	}{
		{"oracle", "", "t", Options{}, `unknown driver "oracle"`},
		{"scripted", "nowhere", "t", Options{}, "features of table t: connection refused"},
		{"scripted", "broken", "t", Options{}, "features of table t: out of disk"},
		{"scripted", "crm", "crm.customers", Options{Entities: []string{"key"}}, `there is no column "key": there are id, age, city, paid`},
		{"scripted", "crm", "crm.customers", Options{Features: []string{"height"}}, `there is no column "height"`},
	} {
		tt.o.DSN = tt.dsn
		if len(tt.o.Entities) == 0 {
			tt.o.Entities = []string{"id"}
		}
		s, err := Open("sql://"+tt.driver+"/"+tt.table, tt.o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: error %v, want %s", tt.driver, tt.dsn, err, tt.want)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestKindOf(t *testing.T) {
	for dbType, want := range map[string]Kind{
		"BIGINT": Int, "int4": Int, "DOUBLE PRECISION": Float, "NUMERIC": Float, "FLOAT8": Float, "REAL": Float, "UNSIGNED INT": Int,
		"TEXT": Text, "VARCHAR": Text, "TIMESTAMP": Text, "BOOL": Bool, "INTERVAL": Text, "POINT": Text, "": Text,
	} {
		if got := kindOf(dbType); got != want {
			t.Errorf("%s: kind %d, want %d", dbType, got, want)
		}
	}
}
