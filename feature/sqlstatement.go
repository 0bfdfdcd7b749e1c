package feature

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
)

// statement looks rows up: of every key that it gets, its index and the columns.
func (t *SQLTable) statement() string {
	var b strings.Builder
	b.WriteString("SELECT ")
	if t.arguments == nil {
		b.WriteString("0")
	} else {
		b.WriteString("k.i")
	}
	for _, c := range t.columns {
		b.WriteString(", t." + t.sql.Quote(c.Name))
	}
	b.WriteString(" FROM ")
	if t.arguments != nil {
		b.WriteString(t.from + " CROSS JOIN ")
	}
	b.WriteString(t.sql.From + " t WHERE ")
	for i, name := range t.o.Entities {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString("t." + t.sql.Quote(name) + " = ")
		if t.arguments == nil {
			b.WriteString("?")
		} else {
			fmt.Fprintf(&b, "k.c%d", i)
		}
	}
	return b.String()
}

// measure has the database compute the statistics of the columns, in two passes.
func (t *SQLTable) measure(ctx context.Context) error {
	var numeric []*Column
	var first []string
	for i := range t.columns {
		if c := &t.columns[i]; c.Numeric() {
			x := t.real(c)
			numeric = append(numeric, c)
			first = append(first, "COUNT("+x+")", "AVG("+x+")", "MIN("+x+")", "MAX("+x+")")
		}
	}
	if len(numeric) == 0 {
		return nil
	}
	v, err := t.numbers(ctx, first)
	if err != nil {
		return err
	}
	var second []string
	for i, c := range numeric {
		c.Stats = Stats{Count: int(v[4*i].Float64), Mean: orNaN(v[4*i+1]), Min: orNaN(v[4*i+2]), Max: orNaN(v[4*i+3]), Std: math.NaN()}
		d := "NULL"
		if c.Stats.Count > 1 {
			d = fmt.Sprintf("(%s - (%.17g))", t.real(c), c.Stats.Mean)
			d = "SUM(" + d + " * " + d + ")"
		}
		second = append(second, d)
	}
	if v, err = t.numbers(ctx, second); err != nil {
		return err
	}
	for i, c := range numeric {
		if c.Stats.Count > 1 {
			c.Stats.Std = math.Sqrt(orNaN(v[i]) / float64(c.Stats.Count-1))
		}
	}
	return nil
}

// real is a column as a floating-point number.
func (t *SQLTable) real(c *Column) string {
	if t.sql.Real == nil {
		return t.sql.Quote(c.Name)
	}
	return t.sql.Real(t.sql.Quote(c.Name))
}

// numbers are the values of expressions over all rows.
func (t *SQLTable) numbers(ctx context.Context, expressions []string) ([]sql.NullFloat64, error) {
	v, to := make([]sql.NullFloat64, len(expressions)), make([]any, len(expressions))
	for i := range v {
		to[i] = &v[i]
	}
	return v, t.db.QueryRowContext(ctx, "SELECT "+strings.Join(expressions, ", ")+" FROM "+t.sql.From).Scan(to...)
}

func orNaN(v sql.NullFloat64) float64 {
	if !v.Valid {
		return math.NaN()
	}
	return v.Float64
}
