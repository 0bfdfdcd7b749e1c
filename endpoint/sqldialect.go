package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// A Dialect is what one kind of database has that others have not.
type Dialect struct {
	Numbered bool   // arguments are $1, $2, not ?
	Lock     string // a statement that lets one transaction change a uid; "" where only one can write at all
	Labels   string // a table l(key, value) of the column labels
	// Explain says what an error of the driver means to a user; "" leaves it. It
	// does not repeat passwords.
	Explain func(err error) string

	Goose      goose.Dialect
	Migrations fs.FS // a folder of goose's files
}

// bind gives the arguments of a statement their names.
func (d *Dialect) bind(text string) string {
	if !d.Numbered {
		return text
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, ok := strings.Cut(text, "?")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		text = after
	}
}

// ErrNewer says that a newer version of the program has had the database.
var ErrNewer = errors.New("a newer version of leat has changed the tables of this database: use that version, or another database")

// versions is the table in which goose keeps what was done.
const versions = "leat_endpoint_versions"

// Start brings the tables up to date. Servers that start at the same time wait
// for each other.
func (s *SQL) Start(ctx context.Context) error {
	return s.failed("prepare the tables", s.migrate(ctx))
}

func (s *SQL) migrate(ctx context.Context) error {
	options := []goose.ProviderOption{
		goose.WithTableName(versions), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)),
	}
	if s.Dialect.Goose == goose.DialectPostgres {
		l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 30)) // every second, 30 times
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(l))
	}
	p, err := goose.NewProvider(s.Dialect.Goose, s.Write, s.Dialect.Migrations, options...)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("%w (its tables have version %d, and this program knows %d)", ErrNewer, have, want)
	}
	_, err = p.Up(ctx)
	return err
}
